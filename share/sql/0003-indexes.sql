CREATE INDEX crash_bug ON crash(bug, sha) WHERE bug IS NOT NULL;
CREATE INDEX crash_sha ON crash(sha);
