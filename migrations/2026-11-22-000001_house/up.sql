CREATE TABLE installation (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);
