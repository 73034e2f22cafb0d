-- The doubts of rows that were used, of files that no later file of the same name and feed replaced.
SELECT r.file, r.source, r.line, r.field, r.doubt
FROM doubts AS r
WHERE r.file NOT IN ($replaced_files)
