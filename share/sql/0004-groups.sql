-- Bugs that a person put together or took apart: where a bucket, or with exact
-- the crashes of one place in it, belong; and how many places a bug has.
CREATE TABLE moved (
	project TEXT NOT NULL,
	bucket TEXT NOT NULL,
	exact TEXT NOT NULL,
	bug TEXT NOT NULL,
	PRIMARY KEY (project, bucket, exact)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_moves ON event(at) WHERE verb IN ('merge', 'split');
ALTER TABLE bug ADD COLUMN groups INTEGER;
UPDATE bug SET groups = (SELECT count(DISTINCT coalesce(exact, ''))
	FROM crash WHERE crash.bug = bug.id);
