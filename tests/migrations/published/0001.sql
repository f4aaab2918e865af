BEGIN TRANSACTION;
CREATE TABLE accounts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	password_hash TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT uq_accounts_name UNIQUE (name)
);
CREATE TABLE adapters (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	type TEXT NOT NULL, 
	name TEXT NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	priority INTEGER NOT NULL, 
	settings JSON NOT NULL, 
	sealed_settings TEXT, 
	CONSTRAINT ck_adapters_kind CHECK (kind IN ('client', 'indexer', 'notifier')), 
	CONSTRAINT uq_adapters_kind_name UNIQUE (kind, name)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE api_keys (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account_id INTEGER NOT NULL, 
	label TEXT NOT NULL, 
	key_hash TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT fk_api_keys_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE, 
	CONSTRAINT uq_api_keys_key_hash UNIQUE (key_hash)
);
CREATE TABLE books (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	download_id INTEGER NOT NULL, 
	asin TEXT NOT NULL, 
	title TEXT NOT NULL, 
	author TEXT NOT NULL, 
	narrator TEXT, 
	series TEXT, 
	series_part TEXT, 
	year INTEGER, 
	language TEXT, 
	publisher TEXT, 
	description TEXT, 
	duration_seconds FLOAT NOT NULL, 
	chapters JSON NOT NULL, 
	added_at DATETIME NOT NULL, 
	CONSTRAINT fk_books_download_id FOREIGN KEY(download_id) REFERENCES download_queue (id), 
	CONSTRAINT uq_books_download_id UNIQUE (download_id)
);
CREATE TABLE download_events (
	seq INTEGER NOT NULL, 
	download_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	event TEXT NOT NULL, 
	old_status TEXT, 
	new_status TEXT NOT NULL, 
	reason TEXT, 
	at DATETIME NOT NULL, 
	data JSON NOT NULL, 
	CONSTRAINT pk_download_events PRIMARY KEY (seq), 
	CONSTRAINT fk_download_events_download_id FOREIGN KEY(download_id) REFERENCES download_queue (id), 
	CONSTRAINT uq_download_events_download_id_version UNIQUE (download_id, version)
);
INSERT INTO "download_events" VALUES(1,1,1,'Enqueued',NULL,'QUEUED',NULL,'2026-05-01 12:00:00.000000','{"manual": false, "priority": 3, "book": {"asin": "AA-0000000000000001", "title": "Emma", "author": "Jane Austen", "narrator": null, "series": null, "series_part": null, "year": null, "language": null, "publisher": null, "description": null}}');
INSERT INTO "download_events" VALUES(2,2,1,'Enqueued',NULL,'QUEUED',NULL,'2026-05-01 12:00:00.000000','{"manual": true, "priority": 0, "book": {"asin": "AA-0000000000000002", "title": "Persuasion", "author": "Jane Austen", "narrator": null, "series": null, "series_part": null, "year": null, "language": null, "publisher": null, "description": null}}');
INSERT INTO "download_events" VALUES(3,2,2,'ReleaseChosen','QUEUED','FOUND',NULL,'2026-05-01 12:00:00.000000','{"download_type": "torrent", "release_id": null, "release_title": null, "indexer": "An Indexer", "size": null, "file_format": null, "quality_score": null, "match_score": null, "info_hash_v1": "abababababababababababababababababababab", "info_hash_v2": null, "seed_goal": {"ratio": null, "seconds": null}}');
INSERT INTO "download_events" VALUES(4,2,3,'GrabStarted','FOUND','FOUND',NULL,'2026-05-01 12:00:00.000000','{"token": "token", "lease_until": "2026-05-01T12:01:00+00:00"}');
INSERT INTO "download_events" VALUES(5,2,4,'SentToClient','FOUND','DOWNLOADING',NULL,'2026-05-01 12:00:00.000000','{"client": "qbittorrent", "client_id": "abababababababababababababababababababab", "adopted": false}');
CREATE TABLE download_progress (
	download_id INTEGER NOT NULL, 
	progress FLOAT NOT NULL, 
	CONSTRAINT pk_download_progress PRIMARY KEY (download_id), 
	CONSTRAINT fk_download_progress_download_id FOREIGN KEY(download_id) REFERENCES download_queue (id)
);
CREATE TABLE download_queue (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	version INTEGER NOT NULL, 
	status TEXT NOT NULL, 
	book_asin TEXT NOT NULL, 
	book_title TEXT NOT NULL, 
	book_author TEXT NOT NULL, 
	download_progress FLOAT NOT NULL, 
	reason TEXT, 
	download_url TEXT, 
	download_client TEXT, 
	download_client_id TEXT, 
	adopted BOOLEAN NOT NULL, 
	download_type TEXT NOT NULL, 
	quality_score FLOAT, 
	match_score FLOAT, 
	file_format TEXT, 
	file_size INTEGER, 
	indexer TEXT, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	completed_at DATETIME, 
	temp_file_path TEXT, 
	converted_file_path TEXT, 
	final_file_path TEXT, 
	seeding TEXT NOT NULL, 
	removal TEXT NOT NULL, 
	priority INTEGER NOT NULL, 
	manual BOOLEAN NOT NULL, 
	failure_kind TEXT, 
	search_attempts INTEGER NOT NULL, 
	download_attempts INTEGER NOT NULL, 
	conversion_attempts INTEGER NOT NULL, 
	import_attempts INTEGER NOT NULL, 
	surroundings_failures INTEGER NOT NULL, 
	retry_at DATETIME, 
	paused_from TEXT, 
	paused_in_client BOOLEAN NOT NULL, 
	claim_token TEXT, 
	lease_until DATETIME, 
	release_id TEXT, 
	release_title TEXT, 
	info_hash_v1 TEXT, 
	info_hash_v2 TEXT, 
	seed_ratio_goal FLOAT, 
	seed_seconds_goal INTEGER, 
	download_limit INTEGER, 
	upload_limit INTEGER, 
	sequential BOOLEAN NOT NULL, 
	book_narrator TEXT, 
	book_series TEXT, 
	book_series_part TEXT, 
	book_year INTEGER, 
	book_language TEXT, 
	book_publisher TEXT, 
	book_description TEXT, 
	sort_title TEXT NOT NULL, 
	search_text TEXT NOT NULL, 
	CONSTRAINT ck_download_queue_download_type CHECK (download_type IN ('http', 'nzb', 'torrent')), 
	CONSTRAINT ck_download_queue_removal CHECK (removal IN ('DONE', 'NONE', 'WANTED')), 
	CONSTRAINT ck_download_queue_seeding CHECK (seeding IN ('NONE', 'REMOVED', 'SEEDED', 'SEEDING')), 
	CONSTRAINT ck_download_queue_status CHECK (status IN ('CANCELLED', 'COMPLETE', 'CONVERSION_FAILED', 'CONVERTED', 'CONVERTING', 'DOWNLOADING', 'DOWNLOAD_FAILED', 'FOUND', 'IMPORTED', 'IMPORTING', 'IMPORT_FAILED', 'PAUSED', 'QUEUED', 'SEARCHING', 'SEARCH_FAILED', 'SEEDING', 'SEEDING_COMPLETE')), 
	CONSTRAINT ck_download_queue_progress CHECK (download_progress >= 0 AND download_progress <= 100)
);
INSERT INTO "download_queue" VALUES(1,1,'QUEUED','AA-0000000000000001','Emma','Jane Austen',0.0,NULL,NULL,NULL,NULL,0,'torrent',NULL,NULL,NULL,NULL,NULL,'2026-05-01 12:00:00.000000',NULL,NULL,NULL,NULL,NULL,'NONE','NONE',3,0,NULL,0,0,0,0,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,100000,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'emma','emma
jane austen
');
INSERT INTO "download_queue" VALUES(2,4,'DOWNLOADING','AA-0000000000000002','Persuasion','Jane Austen',0.0,NULL,'https://indexer.test/get?apikey=CANARY-KEY','qbittorrent','abababababababababababababababababababab',0,'torrent',NULL,NULL,NULL,NULL,'An Indexer','2026-05-01 12:00:00.000000','2026-05-01 12:00:00.000000',NULL,NULL,NULL,NULL,'NONE','NONE',0,1,NULL,0,0,0,0,0,NULL,NULL,0,NULL,NULL,NULL,NULL,'abababababababababababababababababababab',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'persuasion','persuasion
jane austen
');
CREATE TABLE library_files (
	book_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	role TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	method TEXT NOT NULL, 
	CONSTRAINT pk_library_files PRIMARY KEY (book_id, position), 
	CONSTRAINT fk_library_files_book_id FOREIGN KEY(book_id) REFERENCES books (id) ON DELETE CASCADE
);
CREATE TABLE payloads (
	download_id INTEGER NOT NULL, 
	download_type TEXT NOT NULL, 
	name TEXT NOT NULL, 
	data BLOB, 
	magnet TEXT, 
	info_hash_v1 TEXT, 
	info_hash_v2 TEXT, 
	size INTEGER, 
	CONSTRAINT pk_payloads PRIMARY KEY (download_id), 
	CONSTRAINT ck_payloads_download_type CHECK (download_type IN ('http', 'nzb', 'torrent')), 
	CONSTRAINT fk_payloads_download_id FOREIGN KEY(download_id) REFERENCES download_queue (id)
);
INSERT INTO "payloads" VALUES(2,'torrent','Persuasion',X'64343A696E666F6465',NULL,'abababababababababababababababababababab',NULL,7);
CREATE TABLE recipes (
	download_id INTEGER NOT NULL, 
	recipe JSON NOT NULL, 
	CONSTRAINT pk_recipes PRIMARY KEY (download_id), 
	CONSTRAINT fk_recipes_download_id FOREIGN KEY(download_id) REFERENCES download_queue (id)
);
CREATE TABLE releases (
	id TEXT NOT NULL, 
	"query" TEXT NOT NULL, 
	sealed TEXT NOT NULL, 
	saved_at DATETIME NOT NULL, 
	CONSTRAINT pk_releases PRIMARY KEY (id)
);
CREATE TABLE sessions (
	token_hash TEXT NOT NULL, 
	account_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (token_hash), 
	CONSTRAINT fk_sessions_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE TABLE settings (
	section TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	value JSON, 
	CONSTRAINT pk_settings PRIMARY KEY (section, "key")
);
CREATE INDEX ix_download_queue_claimed ON download_queue (id) WHERE claim_token IS NOT NULL;
CREATE INDEX ix_download_queue_priority ON download_queue (priority, id);
CREATE INDEX ix_download_queue_progress ON download_queue (download_progress, id);
CREATE INDEX ix_download_queue_status_priority ON download_queue (status, priority, id);
CREATE INDEX ix_download_queue_status_title ON download_queue (status, sort_title, id);
CREATE INDEX ix_download_queue_retry ON download_queue (retry_at) WHERE retry_at IS NOT NULL;
CREATE INDEX ix_download_queue_status ON download_queue (status, id);
CREATE INDEX ix_download_queue_title ON download_queue (sort_title, id);
CREATE INDEX ix_download_queue_watched ON download_queue (id) WHERE (status = 'DOWNLOADING' OR (status = 'PAUSED' AND download_client_id IS NOT NULL) OR seeding = 'SEEDING' OR (seeding = 'SEEDED' AND removal = 'NONE'));
CREATE INDEX ix_download_queue_work ON download_queue (priority DESC, id) WHERE (status IN ('COMPLETE', 'CONVERTED', 'CONVERTING', 'FOUND', 'IMPORTING', 'QUEUED', 'SEARCHING') OR removal = 'WANTED');
CREATE UNIQUE INDEX uq_download_queue_active_book ON download_queue (book_asin) WHERE status IN ('COMPLETE', 'CONVERTED', 'CONVERTING', 'DOWNLOADING', 'FOUND', 'IMPORTING', 'PAUSED', 'QUEUED', 'SEARCHING');
CREATE UNIQUE INDEX uq_download_queue_active_hash_v1 ON download_queue (info_hash_v1) WHERE status IN ('COMPLETE', 'CONVERTED', 'CONVERTING', 'DOWNLOADING', 'FOUND', 'IMPORTING', 'PAUSED', 'QUEUED', 'SEARCHING', 'SEEDING');
CREATE UNIQUE INDEX uq_download_queue_active_hash_v2 ON download_queue (info_hash_v2) WHERE status IN ('COMPLETE', 'CONVERTED', 'CONVERTING', 'DOWNLOADING', 'FOUND', 'IMPORTING', 'PAUSED', 'QUEUED', 'SEARCHING', 'SEEDING');
CREATE INDEX ix_releases_saved_at ON releases (saved_at);
CREATE INDEX ix_api_keys_account_id ON api_keys (account_id);
CREATE INDEX ix_sessions_account_id ON sessions (account_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('download_queue',2);
COMMIT;
