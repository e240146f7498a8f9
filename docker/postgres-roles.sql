-- Run once by the postgres image, on an empty data volume, as its superuser.
-- Three roles: the owner migrates, the application and the platform work. None is a superuser
-- or may pass row level security.
\getenv owner_password GARAGIST_OWNER_PASSWORD
\getenv app_password GARAGIST_APP_PASSWORD
\getenv platform_password GARAGIST_PLATFORM_PASSWORD

CREATE ROLE garagist_owner LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE garagist_app LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE ROLE garagist_platform LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'platform_password';

CREATE DATABASE garagist OWNER garagist_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE garagist FROM PUBLIC;
GRANT CONNECT ON DATABASE garagist TO garagist_app, garagist_platform;

\connect garagist
CREATE EXTENSION btree_gin;
CREATE EXTENSION btree_gist;
CREATE EXTENSION pg_trgm;
