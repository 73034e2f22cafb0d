-- A store of layout 1, as wholeflow made it before layout 2: its tables, then some rows.

CREATE TABLE about (name VARCHAR, value VARCHAR);
CREATE TABLE dictionary (code INTEGER, name VARCHAR);
CREATE TABLE kept_ids (pseudonym BIGINT, identifier VARCHAR);
CREATE TABLE sources (source INTEGER, clock VARCHAR, zone VARCHAR, title VARCHAR, licence
    VARCHAR);
CREATE TABLE files (file INTEGER, sha256 VARCHAR, name VARCHAR);
CREATE TABLE batches (batch INTEGER, loaded_at BIGINT, read BIGINT, loaded BIGINT, already BIGINT,
    rejected BIGINT);
CREATE TABLE records (source INTEGER, id BIGINT, run BIGINT, recorded_at BIGINT, withdrawn
    BOOLEAN, content BIGINT, file INTEGER, line BIGINT, batch INTEGER);
CREATE TABLE rejects (file INTEGER, source INTEGER, line BIGINT, field VARCHAR, reason VARCHAR,
    repair VARCHAR);
CREATE SCHEMA ledger;
CREATE TABLE ledger.events ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "person" BIGINT, "at" BIGINT, "kind" VARCHAR, "place"
    INTEGER, "sequence" BIGINT, "precision" VARCHAR, "activity" INTEGER, "ref" BIGINT, "need"
    BIGINT, "from_place" INTEGER, "to_place" INTEGER, "wanted_place" INTEGER, "team" INTEGER,
    "waits_for" INTEGER, "reason" INTEGER, "units" DOUBLE, "per" VARCHAR, "attributes" VARCHAR);
CREATE TABLE ledger.messages ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "person" BIGINT, "kind" INTEGER, "ref" BIGINT, "sent_at"
    BIGINT, "received_at" BIGINT, "acted_at" BIGINT, "from_place" INTEGER, "to_place" INTEGER,
    "status" INTEGER);
CREATE TABLE ledger.capacity ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "resource" INTEGER, "place" INTEGER, "from_at" BIGINT,
    "to_at" BIGINT, "amount" DOUBLE, "is" VARCHAR, "per" VARCHAR);
CREATE TABLE ledger.money ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "at" BIGINT, "payer" INTEGER, "payee" INTEGER, "place"
    INTEGER, "person" BIGINT, "amount" BIGINT, "currency" VARCHAR, "what" INTEGER);
CREATE TABLE ledger.counts ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "name" INTEGER, "place" INTEGER, "organisation" INTEGER,
    "from_at" BIGINT, "to_at" BIGINT, "value" DOUBLE, "by" INTEGER, "is" VARCHAR);
CREATE TABLE ledger.marks ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "at" BIGINT, "kind" VARCHAR, "place" INTEGER, "measure"
    INTEGER, "value" DOUBLE, "who" INTEGER, "why" VARCHAR);
CREATE TABLE ledger.organisations ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at"
    BIGINT, "withdrawn" BOOLEAN, "run" BIGINT, "organisation" INTEGER, "title" VARCHAR, "sector"
    INTEGER, "inside" BOOLEAN);
CREATE TABLE ledger.places ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "place" INTEGER, "setting" VARCHAR, "organisation" INTEGER,
    "holds" VARCHAR, "inside" BOOLEAN);
CREATE TABLE ledger.resources ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "resource" INTEGER, "kind" INTEGER, "organisation" INTEGER,
    "shareable" BOOLEAN);
CREATE TABLE ledger.place_needs ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at"
    BIGINT, "withdrawn" BOOLEAN, "run" BIGINT, "place" INTEGER, "resource" INTEGER, "units"
    DOUBLE, "while_delayed" BOOLEAN);
CREATE TABLE ledger.person_facts ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at"
    BIGINT, "withdrawn" BOOLEAN, "run" BIGINT, "person" BIGINT, "fact" INTEGER, "value" INTEGER,
    "from_at" BIGINT, "to_at" BIGINT);
CREATE TABLE ledger.same_person ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at"
    BIGINT, "withdrawn" BOOLEAN, "run" BIGINT, "person" BIGINT, "same_as" BIGINT, "method"
    INTEGER, "probability" DOUBLE, "from_at" BIGINT);
CREATE TABLE ledger.pathways ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "pathway" INTEGER, "step" BIGINT, "place" INTEGER,
    "within_hours" DOUBLE);
CREATE TABLE ledger.calendars ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "calendar" INTEGER, "weekday" BIGINT, "opens_minute"
    BIGINT, "closes_minute" BIGINT);
CREATE TABLE ledger.tariffs ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "tariff" INTEGER, "place" INTEGER, "payer" INTEGER,
    "amount" BIGINT, "per" VARCHAR, "currency" VARCHAR, "from_at" BIGINT, "to_at" BIGINT);
CREATE TABLE ledger.boundary ("id" BIGINT, "part" BIGINT, "source" INTEGER, "recorded_at" BIGINT,
    "withdrawn" BOOLEAN, "run" BIGINT, "economy" INTEGER, "what" VARCHAR, "member" INTEGER,
    "inside" BOOLEAN);

INSERT INTO about VALUES ('ids', 'kept');
INSERT INTO about VALUES ('key fingerprint', 'e27330c7eae7e51');
INSERT INTO about VALUES ('layout', '1');
INSERT INTO dictionary VALUES (1, '2');
INSERT INTO dictionary VALUES (2, 'Clinic');
INSERT INTO dictionary VALUES (3, 'ED');
INSERT INTO dictionary VALUES (4, 'ICB');
INSERT INTO dictionary VALUES (5, 'Riverford');
INSERT INTO dictionary VALUES (6, 'Trust');
INSERT INTO dictionary VALUES (7, 'Unit');
INSERT INTO dictionary VALUES (8, 'Ward');
INSERT INTO dictionary VALUES (9, 'accepted');
INSERT INTO dictionary VALUES (10, 'acute');
INSERT INTO dictionary VALUES (11, 'attendances');
INSERT INTO dictionary VALUES (12, 'bed days');
INSERT INTO dictionary VALUES (13, 'beds');
INSERT INTO dictionary VALUES (14, 'clinic');
INSERT INTO dictionary VALUES (15, 'fall');
INSERT INTO dictionary VALUES (16, 'local');
INSERT INTO dictionary VALUES (17, 'matron');
INSERT INTO dictionary VALUES (18, 'merge message');
INSERT INTO dictionary VALUES (19, 'red');
INSERT INTO dictionary VALUES (20, 'referral');
INSERT INTO dictionary VALUES (21, 'sex');
INSERT INTO dictionary VALUES (22, 'stay');
INSERT INTO dictionary VALUES (23, 'type 1');
INSERT INTO dictionary VALUES (24, 'walked in');
INSERT INTO dictionary VALUES (25, 'ward-book');
INSERT INTO kept_ids VALUES (61253485219859964, 'n1');
INSERT INTO kept_ids VALUES (247368742220664696, 'b2');
INSERT INTO kept_ids VALUES (392535130711742647, 'c');
INSERT INTO kept_ids VALUES (841750211665927789, 'f');
INSERT INTO kept_ids VALUES (842068624261749438, 's1');
INSERT INTO kept_ids VALUES (975290049757729555, 'b');
INSERT INTO kept_ids VALUES (976103900591700812, 'a');
INSERT INTO kept_ids VALUES (1078009903607308082, 'e');
INSERT INTO kept_ids VALUES (1125857875498415209, 's2');
INSERT INTO sources VALUES (25, 'shared', 'Europe/London', '', '');
INSERT INTO files VALUES (1, '0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f',
    'book.csv');
INSERT INTO batches VALUES (1, NULL, 25, 24, 0, 1);
INSERT INTO records VALUES (25, 12398872005043077, 0, NULL, false, 76229801628431645, 1, 22, 1);
INSERT INTO records VALUES (25, 195325470866170574, 0, 1720177200000000, false,
    338689297650937234, 1, 5, 1);
INSERT INTO records VALUES (25, 195325470866170574, 0, 1720180800000000, true, 256106377125359386,
    1, 6, 1);
INSERT INTO records VALUES (25, 268179672486429159, 0, NULL, false, 1144509902473751517, 1, 15,
    1);
INSERT INTO records VALUES (25, 287964606227228395, 0, NULL, false, 1092606826154277812, 1, 9, 1);
INSERT INTO records VALUES (25, 316944707761328227, 0, NULL, false, 739937481019096658, 1, 1, 1);
INSERT INTO records VALUES (25, 331034705434971789, 0, 1720170000000000, false,
    1094641348108788008, 1, 3, 1);
INSERT INTO records VALUES (25, 331034705434971789, 0, 1720177200000000, false, 66368794902345014,
    1, 4, 1);
INSERT INTO records VALUES (25, 337326101363320685, 0, NULL, false, 62641179597264483, 1, 21, 1);
INSERT INTO records VALUES (25, 401173002100030333, 0, NULL, false, 703961865017447516, 1, 10, 1);
INSERT INTO records VALUES (25, 423409981585845178, 0, NULL, false, 853887270526872701, 1, 11, 1);
INSERT INTO records VALUES (25, 448187020122503106, 0, NULL, false, 860249484756670169, 1, 12, 1);
INSERT INTO records VALUES (25, 496597822197501456, 0, NULL, false, 496597822197501456, 1, 8, 1);
INSERT INTO records VALUES (25, 541369069173466119, 0, NULL, false, 135557515735450540, 1, 20, 1);
INSERT INTO records VALUES (25, 599951395005167119, 0, NULL, false, 599951395005167119, 1, 7, 1);
INSERT INTO records VALUES (25, 649069124201837510, 0, NULL, false, 608027478495642895, 1, 24, 1);
INSERT INTO records VALUES (25, 653299169810382372, 0, NULL, false, 788976432682374540, 1, 14, 1);
INSERT INTO records VALUES (25, 702073169403021486, 0, NULL, false, 849794258543250733, 1, 13, 1);
INSERT INTO records VALUES (25, 717579945826192475, 0, NULL, false, 206845393160343405, 1, 2, 1);
INSERT INTO records VALUES (25, 762080443894998852, 0, NULL, false, 219578123437612815, 1, 17, 1);
INSERT INTO records VALUES (25, 1047948919557358864, 0, NULL, false, 881994060182487369, 1, 16,
    1);
INSERT INTO records VALUES (25, 1106101655969565948, 0, NULL, false, 664055348192139230, 1, 23,
    1);
INSERT INTO records VALUES (25, 1108498337050869327, 0, NULL, false, 197297169396613024, 1, 19,
    1);
INSERT INTO records VALUES (25, 1151630441123397345, 0, NULL, false, 540568613401488128, 1, 18,
    1);
INSERT INTO rejects VALUES (1, 25, 99, 'came', 'this is no time', 'Write it as 2024-07-01
    09:00.');
INSERT INTO ledger.events VALUES (195325470866170574, 0, 25, 1720177200000000, false, 0,
    392535130711742647, 1719914400000000, 'arrived', 3, NULL, 'instant', NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO ledger.events VALUES (195325470866170574, 0, 25, 1720180800000000, true, 0,
    392535130711742647, 1719914400000000, 'arrived', 3, NULL, 'instant', NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO ledger.events VALUES (316944707761328227, 0, 25, NULL, false, 0, 976103900591700812,
    1719820800000000, 'arrived', 3, 1, 'instant', 24, 842068624261749438, NULL, NULL, NULL, NULL,
    19, NULL, 15, 4.5, 'week', NULL);
INSERT INTO ledger.events VALUES (316944707761328227, 1, 25, NULL, false, 0, 976103900591700812,
    1719824400000000, 'started', 3, NULL, 'instant', NULL, 842068624261749438, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO ledger.events VALUES (316944707761328227, 2, 25, NULL, false, 0, 976103900591700812,
    1719831600000000, 'left', 3, NULL, 'instant', NULL, 842068624261749438, NULL, NULL, 8, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO ledger.events VALUES (331034705434971789, 0, 25, 1720170000000000, false, 0,
    975290049757729555, 1719907200000000, 'arrived', 3, NULL, 'day', NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO ledger.events VALUES (331034705434971789, 0, 25, 1720177200000000, false, 0,
    975290049757729555, 1719914400000000, 'arrived', 3, NULL, 'instant', NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, 7, NULL, NULL, NULL, NULL);
INSERT INTO ledger.events VALUES (496597822197501456, 0, 25, NULL, false, 0, 841750211665927789,
    1719914400000000, 'arrived', 2, NULL, 'instant', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL);
INSERT INTO ledger.events VALUES (599951395005167119, 0, 25, NULL, false, 0, 1078009903607308082,
    1719914400000000, 'arrived', 2, NULL, 'instant', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL);
INSERT INTO ledger.events VALUES (717579945826192475, 0, 25, NULL, false, 0, 976103900591700812,
    1719833400000000, 'arrived', 8, NULL, 'instant', NULL, 1125857875498415209, 61253485219859964,
    3, NULL, 7, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO ledger.events VALUES (717579945826192475, 1, 25, NULL, false, 0, 976103900591700812,
    1719993600000000, 'ready', 8, NULL, 'instant', NULL, 1125857875498415209, 61253485219859964,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO ledger.events VALUES (717579945826192475, 2, 25, NULL, false, 0, 976103900591700812,
    1720080000000000, 'left', 8, NULL, 'instant', NULL, 1125857875498415209, 61253485219859964,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"bed": "7"}');
INSERT INTO ledger.messages VALUES (287964606227228395, 0, 25, NULL, false, 0, 976103900591700812,
    20, 1125857875498415209, 1719828000000000, 1719828600000000, 1719829800000000, 3, 8, 9);
INSERT INTO ledger.capacity VALUES (401173002100030333, 0, 25, NULL, false, 0, 13, 8,
    1719788400000000, 1722466800000000, 12.0, 'level', 'day');
INSERT INTO ledger.money VALUES (423409981585845178, 0, 25, NULL, false, 0, 1722380400000000, 4,
    6, 8, 976103900591700812, 120000, 'GBP', 12);
INSERT INTO ledger.counts VALUES (448187020122503106, 0, 25, NULL, false, 0, 11, 3, 6,
    1719788400000000, 1722466800000000, 2.0, 23, 'flow');
INSERT INTO ledger.marks VALUES (702073169403021486, 0, 25, NULL, false, 0, 1719788400000000,
    'target', 3, 22, 4.0, 17, 'agreed in June');
INSERT INTO ledger.organisations VALUES (653299169810382372, 0, 25, NULL, false, 0, 6, 'The
    Trust', 10, true);
INSERT INTO ledger.places VALUES (268179672486429159, 0, 25, NULL, false, 0, 3, 'ed', 6, 'body',
    true);
INSERT INTO ledger.places VALUES (1047948919557358864, 0, 25, NULL, false, 0, 8, 'ward', 6,
    'body', true);
INSERT INTO ledger.resources VALUES (762080443894998852, 0, 25, NULL, false, 0, 13, 13, 6, true);
INSERT INTO ledger.place_needs VALUES (1151630441123397345, 0, 25, NULL, false, 0, 8, 13, 1.0,
    false);
INSERT INTO ledger.person_facts VALUES (1108498337050869327, 0, 25, NULL, false, 0,
    976103900591700812, 21, 1, -631152000000000, 1893456000000000);
INSERT INTO ledger.same_person VALUES (541369069173466119, 0, 25, NULL, false, 0,
    975290049757729555, 247368742220664696, 18, 0.99, 1719910800000000);
INSERT INTO ledger.pathways VALUES (337326101363320685, 0, 25, NULL, false, 0, 15, 1, 3, 4.0);
INSERT INTO ledger.calendars VALUES (12398872005043077, 0, 25, NULL, false, 0, 14, 1, 540, 1020);
INSERT INTO ledger.tariffs VALUES (1106101655969565948, 0, 25, NULL, false, 0, 16, 8, 4, 30000,
    'stay', 'GBP', 1711926000000000, 1743462000000000);
INSERT INTO ledger.boundary VALUES (649069124201837510, 0, 25, NULL, false, 0, 5, 'organisation',
    6, true);
