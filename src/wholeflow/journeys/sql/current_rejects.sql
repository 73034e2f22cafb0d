-- The rows that could not be used, of files that no later file of the same name and feed replaced.
SELECT r.file, r.source, r.line, r.field, r.reason, r.repair
FROM rejects AS r
WHERE r.file NOT IN ($replaced_files)
