-- A create as a call of the function in setup.sql.
-- Written by bench/pgbench.py from the rows of a real create; bench/README.md says what it is held against.
-- :accounts is how many registrars take part. pgbench -M prepared.
\set n random(0, :accounts - 1)
\set random random(72057594037927936, 1152921504606846975)
SELECT bench_create(500100::bigint + :n, 500500::bigint + :n, 'n' || to_hex(:random::bigint) || '.example');
