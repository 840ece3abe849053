-- boards/shop.sql: the database that boards with SQLite have in flash. Small
-- pages: each that is read takes its size of RAM.
PRAGMA page_size = 1024;
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL,
    total DECIMAL(10,2), placed_at TIMESTAMP NOT NULL, note TEXT,
    weight REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12)
INSERT INTO customer SELECT i, 'Customer ' || char(64 + i) ||
    CASE i % 3 WHEN 0 THEN ', "Größe"' ELSE '' END FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 160)
INSERT INTO orders SELECT i, 1 + i * 7 % 12,
    printf('%d.%02d', i * 37 % 900, i * 13 % 100),
    strftime('%Y-%m-%dT%H:%M:%SZ', 1767225600 + i * 5400, 'unixepoch'),
    CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'two' || char(10) ||
    'lines' ELSE 'note ' || i END, CASE i % 4 WHEN 0 THEN NULL ELSE i / 8.0 END
FROM n;
CREATE INDEX orders_customer ON orders (customer);
VACUUM;
