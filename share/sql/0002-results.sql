-- What runs found.
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
CREATE INDEX bug_project ON bug(project);
CREATE INDEX bug_untold ON bug(id)
    WHERE state IN ('new', 'reopened', 'fixed') AND told IS NOT state;

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
CREATE INDEX event_sha ON event(sha) WHERE sha IS NOT NULL;
CREATE INDEX event_bug ON event(bug) WHERE bug IS NOT NULL;

-- What a transaction changed, for its end: empty when nobody was killed.
CREATE TABLE touched_job (id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE touched_bug (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
