-- A view per question, dropped and made again whenever this text changes.
-- Columns are explained in lago-db(5); lago-status and lago-crashes print them.
CREATE VIEW v_last AS
SELECT s.* FROM stat AS s WHERE s.point = (SELECT max(point) FROM stat
	WHERE job = s.job AND run = s.run);

CREATE VIEW v_run AS
SELECT r.job || '.' || r.run AS id, r.state, r.reason, r.node, r.shard,
	r.attempt, r.phase, r.started, r.ended, r.fuzzed, s.alive, s.instances,
	s.execs, s.execs_per_sec, s.edges, s.corpus, s.stability, s.last_find,
	s.crashes, s.hangs, (SELECT count(DISTINCT bug) FROM crash
	WHERE job = r.job AND run = r.run) AS bugs, r.dropped, r.untriaged,
	r.bad, r.reason_text, r.version, r.created, r.job, r.run, r.uuid
FROM run AS r LEFT JOIN v_last AS s USING (job, run);

CREATE VIEW v_job AS
SELECT j.id, j.state, j.reason, j.name, j.target, j.project, j.driver, j.cpus,
	j.memory, j.deadline, j.priority, j.shards, j.submitted,
	(SELECT min(started) FROM run WHERE job = j.id) AS started, j.ended,
	(SELECT count(*) FROM run WHERE job = j.id) AS runs,
	(SELECT sum(fuzzed) FROM run WHERE job = j.id) AS fuzzed,
	(SELECT sum(execs) FROM v_last WHERE job = j.id) AS execs,
	(SELECT sum(s.execs_per_sec) FROM v_last AS s JOIN run USING (job, run)
	WHERE job = j.id AND state IN ('starting', 'running', 'finishing'))
	AS execs_per_sec,
	(SELECT max(edges) FROM v_last WHERE job = j.id) AS edges,
	(SELECT max(corpus) FROM v_last WHERE job = j.id) AS corpus,
	(SELECT count(DISTINCT sha) FROM crash WHERE job = j.id) AS crashes,
	(SELECT count(DISTINCT bug) FROM crash WHERE job = j.id) AS bugs,
	(SELECT group_concat(tag, ' ') FROM (SELECT tag FROM tag
	WHERE job = j.id ORDER BY tag)) AS tags, j.retries, j.build, j.origin,
	j.owner, j.needs, j.max_age, j.every, j.due, j.after, j.next
FROM job AS j;

CREATE VIEW v_bug AS
SELECT id, state, severity, kind, top, access, line, crashes, reproduced,
	project, first, last, sha, note, bucket, groups
FROM bug;

CREATE VIEW v_group AS
SELECT bug AS id, exact, count(DISTINCT sha) AS crashes,
	count(DISTINCT CASE WHEN reproduced > 0 THEN sha END) AS reproduced,
	kind, access, top, line, sha, bucket,
	max((reproduced > 0) * 8 + rank) AS best
FROM crash WHERE bug IS NOT NULL GROUP BY bug, exact;

CREATE VIEW v_crash AS
SELECT c.sha AS id, c.bug, c.job || '.' || c.run AS run, c.severity, c.kind,
	c.access, c.size, c.reproduced, c.replays, c.exit_status,
	r.started + c.found AS time, j.project, j.target, c.top, c.line,
	c.origin, c.finder, c.instance, c.security, c.exact,
	format('jobs/%d/runs/%d/crashes/%s', c.job, c.run, c.sha) AS path,
	format('jobs/%d/runs/%d/crashes.jsonl', c.job, c.run) AS file, c.at,
	c.length, c.rank, c.job
FROM crash AS c JOIN run AS r USING (job, run) JOIN job AS j ON j.id = c.job;

CREATE VIEW v_repro AS
SELECT bug, kind, access, id, size, path FROM (SELECT *, row_number() OVER
	(PARTITION BY bug, kind, access ORDER BY size IS NULL, size, id, run)
	AS n FROM v_crash WHERE bug IS NOT NULL AND reproduced > 0)
WHERE n = 1;

CREATE VIEW v_stat AS
SELECT job || '.' || run AS id, seconds, alive, instances, restarts, execs,
	execs_per_sec, edges, edges_total, corpus, pending, cycles, stability,
	last_find, last_crash, crashes, hangs, bugs, rss, disk, job, run
FROM stat;

CREATE VIEW v_node AS
SELECT n.name AS id, n.state, n.engine, n.cpus, n.memory, n.tags,
	count(r.run) AS runs, coalesce(sum(j.cpus), 0) AS cpus_used,
	coalesce(sum(j.memory), 0) AS memory_used
FROM node AS n LEFT JOIN run AS r ON r.node = n.name AND r.watched AND
	r.state IN ('starting', 'running', 'finishing')
LEFT JOIN job AS j ON j.id = r.job
GROUP BY n.name;

CREATE VIEW v_target AS
SELECT j.target AS id, j.project, count(*) AS jobs, sum(j.state = 'running')
	AS running, max(j.submitted) AS submitted,
	(SELECT count(DISTINCT bug) FROM crash JOIN job AS k ON k.id = job
	WHERE k.target = j.target AND k.project = j.project) AS bugs
FROM job AS j GROUP BY j.target, j.project;

CREATE VIEW v_event AS
SELECT job, time, who, verb, coalesce(value, project || ' ' || sha || ' ' ||
	text) AS value
FROM event WHERE verb IS NOT NULL;
