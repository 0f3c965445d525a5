PRAGMA application_id=1281451887;
PRAGMA user_version=3;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('views','64d75b63ff296f3dd26723bba59ecfb9bd5f20a9e820a806c6e2f938e45bc7ed');
CREATE TABLE node (
	name TEXT PRIMARY KEY,
	engine TEXT NOT NULL,
	cpus INTEGER NOT NULL,
	memory INTEGER NOT NULL,
	tags TEXT,
	state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO node VALUES('local','local',2,20480,NULL,'up');
CREATE TABLE job (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	target TEXT NOT NULL,
	project TEXT NOT NULL,
	build TEXT,
	driver TEXT,
	cpus INTEGER NOT NULL,
	memory INTEGER NOT NULL,
	deadline INTEGER NOT NULL,
	priority INTEGER NOT NULL,
	shards INTEGER NOT NULL,
	retries INTEGER NOT NULL,
	submitted INTEGER,
	origin TEXT,
	state TEXT NOT NULL,
	reason TEXT,
	ended INTEGER
) STRICT;
INSERT INTO job VALUES(1,'png','png','png',NULL,'libfuzzer',2,2048,3600,50,1,3,1763700000,NULL,'done','deadline',1763703700);
INSERT INTO job VALUES(2,'zip','zip','zip',NULL,'libfuzzer',2,2048,3600,50,1,3,1763700000,NULL,'queued',NULL,NULL);
CREATE TABLE tag (
	job INTEGER NOT NULL REFERENCES job(id),
	tag TEXT NOT NULL,
	PRIMARY KEY (job, tag)
) STRICT, WITHOUT ROWID;
CREATE TABLE run (
	job INTEGER NOT NULL REFERENCES job(id),
	run INTEGER NOT NULL,
	uuid TEXT,
	node TEXT,
	shard INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	losses INTEGER NOT NULL,
	state TEXT NOT NULL,
	phase TEXT,
	reason TEXT,
	reason_text TEXT,
	created INTEGER,
	started INTEGER,
	ended INTEGER,
	fuzzed INTEGER,
	version TEXT,
	dropped INTEGER,
	untriaged INTEGER,
	watched INTEGER NOT NULL DEFAULT 1,
	crashes_at INTEGER NOT NULL DEFAULT 0,
	stats_at INTEGER NOT NULL DEFAULT 0,
	points INTEGER NOT NULL DEFAULT 0,
	bad INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (job, run)
) STRICT, WITHOUT ROWID;
INSERT INTO run VALUES(1,1,'229fabaabd19d404ef2be4b661e387f0','local',1,1,0,'done','done','deadline',NULL,1763700010,1763700011,1763703700,3600,'0.1',0,0,0,6389,53,1,0);
CREATE TABLE stat (
	job INTEGER NOT NULL,
	run INTEGER NOT NULL,
	point INTEGER NOT NULL,
	seconds INTEGER NOT NULL,
	alive INTEGER,
	instances INTEGER,
	restarts INTEGER,
	execs INTEGER,
	execs_per_sec REAL,
	edges INTEGER,
	edges_total INTEGER,
	corpus INTEGER,
	pending INTEGER,
	cycles INTEGER,
	stability REAL,
	last_find INTEGER,
	last_crash INTEGER,
	crashes INTEGER,
	hangs INTEGER,
	bugs INTEGER,
	rss INTEGER,
	disk INTEGER,
	PRIMARY KEY (job, run, point),
	FOREIGN KEY (job, run) REFERENCES run(job, run)
) STRICT, WITHOUT ROWID;
INSERT INTO stat VALUES(1,1,0,10,2,2,0,5000,500.0,110,1000,20,3,1,NULL,10,10,1,0,1,90,12);
CREATE TABLE crash (
	job INTEGER NOT NULL,
	run INTEGER NOT NULL,
	sha TEXT NOT NULL CHECK (length(sha) = 64 AND
	    sha NOT GLOB '*[^0-9a-f]*'),
	size INTEGER,
	kind TEXT,
	access TEXT,
	severity TEXT,
	rank INTEGER NOT NULL,
	security INTEGER,
	bucket TEXT,
	exact TEXT,
	bug TEXT,
	top TEXT,
	line TEXT,
	reproduced INTEGER,
	replays INTEGER,
	exit_status INTEGER,
	found INTEGER,
	instance INTEGER,
	origin TEXT,
	finder TEXT,
	at INTEGER NOT NULL,
	length INTEGER NOT NULL,
	PRIMARY KEY (job, run, sha),
	FOREIGN KEY (job, run) REFERENCES run(job, run)
) STRICT, WITHOUT ROWID;
INSERT INTO crash VALUES(1,1,'43eeb0e394fee8f34fcc3b67dd4a09bfb459cb3b19fd8d456b301b3d9a6cec53',7,'heap-buffer-overflow','READ','medium',2,1,'cf1c3e9fc2ea','fef3594e8dcc','aa3bd855dc99','png_read < png_decode','png.c:42:7',3,3,1,17,1,'fuzz','target',0,1594);
INSERT INTO crash VALUES(1,1,'4a5c0f1b0b408f9db111634858cbc7f8f4b7a4531aea085d9e888e1930c112cf',7,'heap-buffer-overflow','READ','low',1,1,'0995f21c8d52','e70ddcfb2495','b081b8db6986','png_name < png_decode','png.c:42:7',0,3,101,17,1,'fuzz','target',4795,1593);
INSERT INTO crash VALUES(1,1,'616de190a0201b85d0450e98e7690d205f30b5ac160bdcf16b096094ecc02f34',19,'heap-buffer-overflow','WRITE','high',3,1,'cf1c3e9fc2ea','fef3594e8dcc','aa3bd855dc99','png_read < png_decode','png.c:42:7',3,3,1,17,1,'fuzz','target',1595,1593);
INSERT INTO crash VALUES(1,1,'61d2c2b11f4799247405f229198fcf8497f64a68ca535833bc1e99a4e4ae067a',7,'heap-use-after-free','READ','medium',2,1,'748c59e6a1c3','1a792c772997','39659d7403df','png_palette < png_decode','png.c:42:7',3,3,1,17,1,'fuzz','target',3189,1605);
CREATE TABLE bug (
	id TEXT PRIMARY KEY,
	project TEXT NOT NULL,
	bucket TEXT NOT NULL,
	state TEXT NOT NULL,
	note TEXT,
	kind TEXT,
	access TEXT,
	severity TEXT,
	rank INTEGER NOT NULL,
	top TEXT,
	line TEXT,
	sha TEXT NOT NULL,
	crashes INTEGER NOT NULL,
	reproduced INTEGER NOT NULL,
	first INTEGER,
	last INTEGER,
	told TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO bug VALUES('39659d7403df','png','748c59e6a1c3','new',NULL,'heap-use-after-free','READ','medium',2,'png_palette < png_decode','png.c:42:7','61d2c2b11f4799247405f229198fcf8497f64a68ca535833bc1e99a4e4ae067a',1,1,1763700028,1763700028,'new');
INSERT INTO bug VALUES('aa3bd855dc99','png','cf1c3e9fc2ea','new',NULL,'heap-buffer-overflow','WRITE','high',3,'png_read < png_decode','png.c:42:7','616de190a0201b85d0450e98e7690d205f30b5ac160bdcf16b096094ecc02f34',2,2,1763700028,1763700028,'new');
INSERT INTO bug VALUES('b081b8db6986','png','0995f21c8d52','new',NULL,'heap-buffer-overflow','READ','low',1,'png_name < png_decode','png.c:42:7','4a5c0f1b0b408f9db111634858cbc7f8f4b7a4531aea085d9e888e1930c112cf',1,0,1763700028,1763700028,'new');
CREATE TABLE event (
	job INTEGER NOT NULL,
	at INTEGER NOT NULL,
	length INTEGER NOT NULL,
	time INTEGER,
	who TEXT,
	verb TEXT,
	value TEXT,
	project TEXT,
	sha TEXT,
	text TEXT,
	bug TEXT,
	PRIMARY KEY (job, at)
) STRICT, WITHOUT ROWID;
INSERT INTO event VALUES(0,0,107,1795272202,'root','news',NULL,'png','61d2c2b11f4799247405f229198fcf8497f64a68ca535833bc1e99a4e4ae067a','new 39659d7403df','39659d7403df');
INSERT INTO event VALUES(0,107,107,1795272202,'root','news',NULL,'png','616de190a0201b85d0450e98e7690d205f30b5ac160bdcf16b096094ecc02f34','new aa3bd855dc99','aa3bd855dc99');
INSERT INTO event VALUES(0,214,107,1795272202,'root','news',NULL,'png','4a5c0f1b0b408f9db111634858cbc7f8f4b7a4531aea085d9e888e1930c112cf','new b081b8db6986','b081b8db6986');
CREATE TABLE touched_job (id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE touched_bug (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE INDEX job_active ON job(state) WHERE state IN ('queued', 'running');
CREATE INDEX tag_tag ON tag(tag);
CREATE INDEX run_watched ON run(job, run) WHERE watched;
CREATE INDEX run_uuid ON run(uuid);
CREATE INDEX bug_project ON bug(project);
CREATE INDEX bug_untold ON bug(id)
    WHERE state IN ('new', 'reopened', 'fixed') AND told IS NOT state;
CREATE INDEX event_sha ON event(sha) WHERE sha IS NOT NULL;
CREATE INDEX event_bug ON event(bug) WHERE bug IS NOT NULL;
CREATE INDEX crash_bug ON crash(bug, sha) WHERE bug IS NOT NULL;
CREATE INDEX crash_sha ON crash(sha);
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
	WHERE job = j.id ORDER BY tag)) AS tags, j.retries, j.build, j.origin
FROM job AS j;
CREATE VIEW v_bug AS
SELECT id, state, severity, kind, top, access, line, crashes, reproduced,
	project, first, last, sha, note, bucket
FROM bug;
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
COMMIT;
