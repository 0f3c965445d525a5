-- What a pass asks of jobs that wait, so that it reads no files of them; NULL
-- needs: a row from before, its file says it.  And indexes for the few rows
-- that a pass looks for among many.
ALTER TABLE job ADD COLUMN owner TEXT;
ALTER TABLE job ADD COLUMN needs TEXT;
ALTER TABLE job ADD COLUMN max_age INTEGER;
ALTER TABLE job ADD COLUMN every INTEGER;
ALTER TABLE job ADD COLUMN due INTEGER;
ALTER TABLE job ADD COLUMN after INTEGER;
ALTER TABLE job ADD COLUMN next INTEGER;
CREATE INDEX job_recurring ON job(id) WHERE every NOTNULL AND next IS NULL;
CREATE INDEX event_nodes ON event(at)
    WHERE verb IN ('drain', 'offline', 'revive', 'aside');
