"""Small PDFs of given texts: the least of the format that a reader of pages needs."""

from collections.abc import Sequence

HEIGHT = 792
Text = tuple[float, float, str]
"""Points from the left edge and from the upper one to the text's baseline, and the text."""


def pdf(pages: Sequence[Sequence[Text]], *, size: float = 8) -> bytes:
    """A PDF with the texts of each page in Helvetica of that size."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(count))
    parts = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, texts in enumerate(pages):
        drawn = "\n".join(
            f"BT /F1 {size} Tf {x} {HEIGHT - y} Td ({_escaped(text)}) Tj ET" for x, y, text in texts
        )
        fonts = "/Resources << /Font << /F1 3 0 R >> >>"
        box = f"/MediaBox [0 0 842 {HEIGHT}]"
        parts += [
            f"<< /Type /Page /Parent 2 0 R {box} {fonts} /Contents {5 + 2 * number} 0 R >>",
            f"<< /Length {len(drawn.encode('cp1252'))} >>\nstream\n{drawn}\nendstream",
        ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{part}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}trailer\n"
    end += f"<< /Size {len(parts) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + end.encode()


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
