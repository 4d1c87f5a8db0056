CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL);
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<5000) INSERT INTO t SELECT x, 'name '||x, x*1.5 FROM c;
CREATE INDEX i ON t(name);
SELECT count(*), sum(value), max(name) FROM t WHERE name LIKE 'name 1%';
SELECT a.id FROM t a JOIN t b ON a.id = b.id + 1 ORDER BY a.name DESC LIMIT 5;
