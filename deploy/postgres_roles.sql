-- Roles of the coordination database; run once by its administrator, connected to that database:
--   psql -v writer_password=... -v reader_password=... -f deploy/postgres_roles.sql
-- Whoever runs the pipeline is nba_pipeline; the tables are made by the first who comes.
-- nba_pipeline_reader is for `nba-pipeline sql`, `leases` and `audit`, and for looking into the
-- books: whatever it begins can only read.

CREATE ROLE nba_pipeline LOGIN PASSWORD :'writer_password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE nba_pipeline_reader LOGIN PASSWORD :'reader_password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
ALTER ROLE nba_pipeline_reader SET default_transaction_read_only = on;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO nba_pipeline;
GRANT USAGE ON SCHEMA public TO nba_pipeline_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO nba_pipeline_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE nba_pipeline IN SCHEMA public
    GRANT SELECT ON TABLES TO nba_pipeline_reader;
