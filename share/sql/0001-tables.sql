-- What the files say.  Columns are explained in lago-db(5).
CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE node (
	name TEXT PRIMARY KEY,
	engine TEXT NOT NULL,
	cpus INTEGER NOT NULL,
	memory INTEGER NOT NULL,
	tags TEXT,
	state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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
CREATE INDEX job_active ON job(state) WHERE state IN ('queued', 'running');

CREATE TABLE tag (
	job INTEGER NOT NULL REFERENCES job(id),
	tag TEXT NOT NULL,
	PRIMARY KEY (job, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_tag ON tag(tag);

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
CREATE INDEX run_watched ON run(job, run) WHERE watched;
CREATE INDEX run_uuid ON run(uuid);
