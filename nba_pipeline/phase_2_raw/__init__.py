"""Tables as the sources gave them: parsed, validated, nothing computed; and what is wrong in them."""
