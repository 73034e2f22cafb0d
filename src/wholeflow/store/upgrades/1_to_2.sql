-- Layout 2: periods that newer extracts replace, who keeps a feed, which load brought a file last,
-- doubts, records that say nothing, marks of feeds, traits for linking, and objects.

CREATE OR REPLACE TABLE ledger.events AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.events;

CREATE OR REPLACE TABLE ledger.messages AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.messages;

CREATE OR REPLACE TABLE ledger.capacity AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.capacity;

CREATE OR REPLACE TABLE ledger.money AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.money;

CREATE OR REPLACE TABLE ledger.counts AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.counts;

CREATE OR REPLACE TABLE ledger.marks AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run), CAST(NULL AS INTEGER) AS feed
FROM ledger.marks;

CREATE OR REPLACE TABLE ledger.organisations AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.organisations;

CREATE OR REPLACE TABLE ledger.places AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.places;

CREATE OR REPLACE TABLE ledger.resources AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.resources;

CREATE OR REPLACE TABLE ledger.place_needs AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.place_needs;

CREATE OR REPLACE TABLE ledger.person_facts AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.person_facts;

CREATE OR REPLACE TABLE ledger.same_person AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.same_person;

CREATE OR REPLACE TABLE ledger.pathways AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.pathways;

CREATE OR REPLACE TABLE ledger.calendars AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.calendars;

CREATE OR REPLACE TABLE ledger.tariffs AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.tariffs;

CREATE OR REPLACE TABLE ledger.boundary AS
SELECT id, part, source, recorded_at, withdrawn, run, CAST(NULL AS BIGINT) AS period,
       * EXCLUDE (id, part, source, recorded_at, withdrawn, run)
FROM ledger.boundary;

CREATE TABLE ledger.event_objects (
    "id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT, "withdrawn"
    BOOLEAN, "run" BIGINT, "period" BIGINT, "event" BIGINT, "event_part" BIGINT, "object"
    BIGINT, "qualifier" INTEGER
);

CREATE TABLE ledger.unsaid (
    "id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT, "withdrawn"
    BOOLEAN, "run" BIGINT, "period" BIGINT
);

CREATE TABLE ledger.traits (
    "id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT, "withdrawn"
    BOOLEAN, "run" BIGINT, "period" BIGINT, "person" BIGINT, "birth_year" BIGINT,
    "birth_month" BIGINT, "birth_day" BIGINT, "sex" BIGINT, "postcode" BIGINT, "forename"
    BIGINT, "surname" BIGINT, "nhs_number" BIGINT
);

CREATE TABLE ledger.objects (
    "id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT, "withdrawn"
    BOOLEAN, "run" BIGINT, "period" BIGINT, "object" BIGINT, "kind" INTEGER
);

CREATE TABLE ledger.object_facts (
    "id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT, "withdrawn"
    BOOLEAN, "run" BIGINT, "period" BIGINT, "object" BIGINT, "fact" INTEGER, "value"
    VARCHAR, "type" INTEGER, "at" BIGINT
);

CREATE TABLE ledger.object_links (
    "id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT, "withdrawn"
    BOOLEAN, "run" BIGINT, "period" BIGINT, "object" BIGINT, "other" BIGINT, "qualifier"
    INTEGER
);

CREATE TABLE ledger.log_types (
    "id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT, "withdrawn"
    BOOLEAN, "run" BIGINT, "period" BIGINT, "what" INTEGER, "type" INTEGER, "attribute"
    INTEGER, "value_type" INTEGER
);

CREATE TABLE doubts (
    file INTEGER, source INTEGER, line BIGINT, field VARCHAR, doubt VARCHAR
);

CREATE OR REPLACE TABLE files AS
SELECT f.*, told.source, told.batch
FROM files AS f LEFT JOIN (
    SELECT file, min(source) AS source, max(batch) AS batch
    FROM (
        SELECT file, source, batch FROM records WHERE line > 0
        UNION ALL SELECT file, source, NULL FROM rejects
    ) AS rows_of_files
    GROUP BY file
) AS told ON told.file = f.file;

ALTER TABLE sources ADD COLUMN organisation VARCHAR;
ALTER TABLE records ADD COLUMN period BIGINT;
