-- M: the smallest durable transaction there is, one row and its commit.
-- Written by bench/pgbench.py from the rows of a real create; bench/README.md says what it is held against.
-- :accounts is how many registrars take part. pgbench -M prepared.
\set random random(1, 1000000000)
INSERT INTO bench_one_row (value) VALUES (:random);
