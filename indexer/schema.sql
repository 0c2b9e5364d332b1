-- The catalog. Changes are appended as further steps (user_version counts them), never edited.

-- step 1
CREATE TABLE site(
	id INTEGER PRIMARY KEY CHECK(id = 1),
	repo TEXT NOT NULL CHECK(length(repo) = 32),
	created INTEGER NOT NULL,
	facts BLOB CHECK(facts IS NULL OR length(facts) = 32)
) STRICT;

CREATE TABLE key(
	fpr TEXT PRIMARY KEY,
	role TEXT NOT NULL CHECK(role IN ('root', 'publish')),
	valid_from INTEGER NOT NULL,
	valid_until INTEGER NOT NULL,
	revoked INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE image(
	id INTEGER PRIMARY KEY,
	distro TEXT NOT NULL,
	release TEXT NOT NULL,
	arch TEXT NOT NULL,
	variant TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'active'
		CHECK(state IN ('active', 'deprecated', 'held', 'eol', 'withdrawn')),
	document BLOB REFERENCES document(sha256),
	UNIQUE(distro, release, arch, variant)
) STRICT;

CREATE TABLE build(
	id INTEGER PRIMARY KEY,
	image INTEGER NOT NULL REFERENCES image(id),
	serial TEXT NOT NULL,
	state TEXT NOT NULL CHECK(state IN ('active', 'held', 'withdrawn')),
	tree BLOB NOT NULL CHECK(length(tree) = 32),
	diff BLOB NOT NULL CHECK(length(diff) = 32),
	admitted INTEGER NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	tested TEXT NOT NULL,
	origin TEXT NOT NULL,
	entries INTEGER NOT NULL,
	unpacked_size INTEGER NOT NULL,
	max_uid INTEGER NOT NULL,
	max_gid INTEGER NOT NULL,
	init TEXT NOT NULL,
	stop_signal TEXT NOT NULL,
	description TEXT NOT NULL,
	UNIQUE(image, serial)
) STRICT;
CREATE INDEX build_tree ON build(tree);

-- content, by digest: what equal files are linked from
CREATE TABLE object(
	sha256 BLOB PRIMARY KEY CHECK(length(sha256) = 32),
	size INTEGER NOT NULL CHECK(size >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE file(
	build INTEGER NOT NULL REFERENCES build(id),
	name TEXT NOT NULL,
	sha256 BLOB NOT NULL REFERENCES object(sha256),
	signed INTEGER NOT NULL CHECK(signed IN (0, 1)),
	PRIMARY KEY(build, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_sha256 ON file(sha256);

-- meta/2/objects; text is there from the moment a document is decided until it is on disk
CREATE TABLE document(
	sha256 BLOB PRIMARY KEY CHECK(length(sha256) = 32),
	size INTEGER NOT NULL CHECK(size >= 0),
	kind TEXT NOT NULL CHECK(kind IN ('catalog', 'image', 'files', 'current')),
	created INTEGER NOT NULL,
	text BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX document_pending ON document(sha256) WHERE text IS NOT NULL;

CREATE TABLE generation(
	number INTEGER PRIMARY KEY,
	state TEXT NOT NULL CHECK(state IN ('staged', 'live', 'superseded')),
	created INTEGER NOT NULL,
	catalog BLOB NOT NULL REFERENCES document(sha256),
	files BLOB NOT NULL REFERENCES document(sha256)
) STRICT;
CREATE UNIQUE INDEX generation_one_live ON generation(state) WHERE state = 'live';
CREATE UNIQUE INDEX generation_one_staged ON generation(state) WHERE state = 'staged';

CREATE TABLE listing(
	generation INTEGER NOT NULL REFERENCES generation(number) ON DELETE CASCADE,
	image INTEGER NOT NULL REFERENCES image(id),
	build INTEGER NOT NULL REFERENCES build(id),
	document BLOB NOT NULL REFERENCES document(sha256),
	PRIMARY KEY(generation, image)
) STRICT, WITHOUT ROWID;

-- the files of a staged generation, until they are on disk
CREATE TABLE generation_file(
	generation INTEGER NOT NULL REFERENCES generation(number) ON DELETE CASCADE
		DEFERRABLE INITIALLY DEFERRED,
	path TEXT NOT NULL,
	text BLOB NOT NULL,
	PRIMARY KEY(generation, path)
) STRICT, WITHOUT ROWID;

-- every version of meta/2/current
CREATE TABLE signing(
	version INTEGER PRIMARY KEY,
	generation INTEGER NOT NULL,
	state TEXT NOT NULL CHECK(state IN ('staged', 'live', 'superseded')),
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	payload BLOB NOT NULL REFERENCES document(sha256),
	envelope BLOB
) STRICT;
CREATE UNIQUE INDEX signing_one_staged ON signing(state) WHERE state = 'staged';

CREATE TABLE event(
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	kind TEXT NOT NULL,
	image TEXT NOT NULL,
	serial TEXT NOT NULL,
	message TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_once ON event(kind, image, serial) WHERE serial <> '';

-- images whose documents no longer say what the catalog knows
CREATE TABLE dirty(image INTEGER PRIMARY KEY REFERENCES image(id)) STRICT;

-- directories about to appear: one without its build row is removed at the next start
CREATE TABLE intent(path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- step 2
-- what is installed: each package once, each list as what changed since the list of the
-- build before (base); a list without a base is whole
CREATE TABLE package(
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	version TEXT NOT NULL,
	arch TEXT NOT NULL,
	size INTEGER NOT NULL CHECK(size >= 0),
	UNIQUE(name, version, arch, size)
) STRICT;

CREATE TABLE package_list(
	id INTEGER PRIMARY KEY,
	sha256 BLOB NOT NULL UNIQUE CHECK(length(sha256) = 32), -- of packages.json
	base INTEGER REFERENCES package_list(id),
	depth INTEGER NOT NULL CHECK(depth >= 0),
	count INTEGER NOT NULL CHECK(count >= 0)
) STRICT;
CREATE INDEX package_list_base ON package_list(base) WHERE base IS NOT NULL;

CREATE TABLE package_change(
	list INTEGER NOT NULL REFERENCES package_list(id) ON DELETE CASCADE,
	package INTEGER NOT NULL REFERENCES package(id),
	added INTEGER NOT NULL CHECK(added IN (0, 1)),
	PRIMARY KEY(list, package)
) STRICT, WITHOUT ROWID;

ALTER TABLE build ADD COLUMN packages INTEGER REFERENCES package_list(id);
CREATE INDEX build_packages ON build(packages) WHERE packages IS NOT NULL;

-- step 3: what a key does here; until when it is good, trust/root.N alone says
CREATE TABLE signing_key(
	fpr TEXT PRIMARY KEY,
	role TEXT NOT NULL CHECK(role IN ('publish', 'timestamp')),
	state TEXT NOT NULL CHECK(state IN ('next', 'current', 'past')),
	made INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO signing_key SELECT fpr, role, 'current', valid_from FROM key WHERE role = 'publish';
DROP TABLE key;
ALTER TABLE signing_key RENAME TO key;
CREATE UNIQUE INDEX key_one ON key(role, state) WHERE state <> 'past';
-- by whose key the .asc beside the files are
ALTER TABLE build ADD COLUMN signer TEXT NOT NULL DEFAULT '';
UPDATE build SET signer = (SELECT fpr FROM key WHERE state = 'current');
ALTER TABLE generation ADD COLUMN signer TEXT NOT NULL DEFAULT '';
UPDATE generation SET signer = (SELECT fpr FROM key WHERE state = 'current');

-- step 4
-- sha256 over incus.tar.xz and then this file: what Incus and LXD call the image
ALTER TABLE file ADD COLUMN combined BLOB CHECK(combined IS NULL OR length(combined) = 32);
-- "key=value" lines, as metadata.yaml states them
ALTER TABLE build ADD COLUMN requirements TEXT NOT NULL DEFAULT '';

-- step 5
-- what of v2/ belongs to a build: an index belongs to every build that it names
CREATE TABLE oci(
	build INTEGER NOT NULL REFERENCES build(id),
	role TEXT NOT NULL CHECK(role IN ('layer.zst', 'layer.gz', 'config', 'document',
		'image.zst', 'image.gz', 'artifact', 'index')),
	sha256 BLOB NOT NULL CHECK(length(sha256) = 32),
	size INTEGER NOT NULL CHECK(size >= 0),
	PRIMARY KEY(build, role, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX oci_sha256 ON oci(sha256);

-- serial '' is a tag that moves on; else the builds of that serial
CREATE TABLE oci_tag(
	distro TEXT NOT NULL,
	tag TEXT NOT NULL,
	release TEXT NOT NULL,
	variant TEXT NOT NULL,
	serial TEXT NOT NULL,
	sha256 BLOB NOT NULL CHECK(length(sha256) = 32),
	PRIMARY KEY(distro, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX oci_tag_group ON oci_tag(distro, release, variant);

CREATE TABLE oci_signature(
	distro TEXT NOT NULL,
	sha256 BLOB NOT NULL CHECK(length(sha256) = 32),
	reference TEXT NOT NULL,
	number INTEGER NOT NULL CHECK(number > 0),
	signer TEXT NOT NULL,
	PRIMARY KEY(distro, sha256, reference)
) STRICT, WITHOUT ROWID;

-- small files of a publication outside .gen, from the moment they are decided until they
-- are on disk: written before the switch (phase 0) or after it (1); a text, a link to
-- another path, or neither: removed
CREATE TABLE staged_file(
	path TEXT PRIMARY KEY,
	phase INTEGER NOT NULL CHECK(phase IN (0, 1)),
	text BLOB,
	source TEXT,
	CHECK(text IS NULL OR source IS NULL)
) STRICT, WITHOUT ROWID;

-- step 6: deltas that would not pay; those that do are files of the build they make
CREATE TABLE delta_refused(
	build INTEGER NOT NULL REFERENCES build(id) ON DELETE CASCADE,
	base INTEGER NOT NULL REFERENCES build(id) ON DELETE CASCADE,
	PRIMARY KEY(build, base)
) STRICT, WITHOUT ROWID;
CREATE INDEX delta_refused_base ON delta_refused(base);

-- step 7
-- builds that no rule of retention takes away
CREATE TABLE pin(
	build INTEGER PRIMARY KEY REFERENCES build(id),
	at INTEGER NOT NULL,
	message TEXT NOT NULL
) STRICT;
-- since when no new index names it, and the last generation that may; a retired build is
-- gone for good, another may be offered again
ALTER TABLE build ADD COLUMN left_at INTEGER;
ALTER TABLE build ADD COLUMN left_generation INTEGER;
ALTER TABLE build ADD COLUMN retired INTEGER NOT NULL DEFAULT 0 CHECK(retired IN (0, 1));
-- since when nothing in the catalog names it
ALTER TABLE document ADD COLUMN unused_since INTEGER;
CREATE INDEX listing_build ON listing(build);
CREATE INDEX build_left ON build(left_at) WHERE left_at IS NOT NULL;
-- what happens again is told again
DROP INDEX event_once;
CREATE UNIQUE INDEX event_once ON event(kind, image, serial)
	WHERE serial <> '' AND kind IN ('admitted', 'failed', 'held');
CREATE INDEX event_at ON event(at);

-- step 8
-- sha512 as hex, of the file that an appliance list names
ALTER TABLE file ADD COLUMN sha512 TEXT CHECK(sha512 IS NULL OR length(sha512) = 128);

-- step 9
-- sha256 of each piece, one behind the other, of the file that clients unpack while it arrives
ALTER TABLE file ADD COLUMN pieces BLOB;
