#include "builder/sbom.h"

#include "lib/base/html.h"
#include "lib/base/jsonw.h"

#include <ctype.h>

#define TEXT_MAX 8192

/* ---- package URLs */

static void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr(".-_~", *text))
			buf_add_byte(out, (unsigned char)*text);
		else
			buf_printf(out, "%%%02X", (unsigned int)(unsigned char)*text);
}

static const char *purl_type(const char *kind)
{
	static const char *const types[][2] = { { "dpkg", "deb" }, { "apk", "apk" },
		{ "pacman", "alpm" }, { "rpm", "rpm" } };

	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if (strcmp(types[i][0], kind) == 0)
			return types[i][1];
	return "generic";
}

void sbom_purl(
	const char *kind, const char *distro, const struct package *p, struct buf *out)
{
	const char *colon = strchr(p->version, ':');
	bool is_rpm = strcmp(kind, "rpm") == 0 && colon;

	buf_printf(out, "pkg:%s/", purl_type(kind));
	add_escaped(out, distro);
	buf_add_byte(out, '/');
	add_escaped(out, p->name);
	buf_add_byte(out, '@');
	/* An rpm's epoch is a qualifier. */
	add_escaped(out, is_rpm ? colon + 1 : p->version);
	buf_add_str(out, "?arch=");
	add_escaped(out, p->arch);
	if (is_rpm)
		buf_printf(out, "&epoch=%.*s", (int)(colon - p->version), p->version);
}

/* ---- where a package file came from: by the name that its URL ends with */

/* "_1%3a2.3-4_" has its colon escaped in URLs of some archives and left out in others. */
static bool is_file_of(const char *url, const struct package *p)
{
	const char *file = strrchr(url, '/');
	const char *colon = strchr(p->version, ':');
	auto_free char *want = xasprintf(
		"/%s_%s_%s.deb", p->name, colon ? colon + 1 : p->version, p->arch);

	return file && strcmp(file, want) == 0;
}

static const struct build_source *find_source(
	const struct sbom_in *in, const struct package *p)
{
	for (size_t i = 0; i < in->source_count; i++)
		if (strcmp(in->source[i].kind, "package") == 0 &&
			is_file_of(in->source[i].url, p))
			return &in->source[i];
	return NULL;
}

/* ---- the document */

/* Letters, digits, '.' and '-' are all that an SPDX id may have. */
static void add_id(struct buf *out, const struct package *p, size_t number)
{
	buf_printf(out, "SPDXRef-%zu-", number);
	for (const char *c = p->name; *c; c++)
		buf_add_byte(out, isalnum((unsigned char)*c) || *c == '.'
					  ? (unsigned char)*c
					  : '-');
}

static void say_unknown(struct jsonw *w)
{
	jsonw_kbool(w, "filesAnalyzed", false);
	jsonw_kstr(w, "licenseConcluded", "NOASSERTION");
	jsonw_kstr(w, "licenseDeclared", "NOASSERTION");
	jsonw_kstr(w, "copyrightText", "NOASSERTION");
}

static void say_checksum(struct jsonw *w, const struct digest *sha256)
{
	char hex[DIGEST_HEX];

	digest_hex(sha256, hex);
	jsonw_key(w, "checksums");
	jsonw_array(w);
	jsonw_object(w);
	jsonw_kstr(w, "algorithm", "SHA256");
	jsonw_kstr(w, "checksumValue", hex);
	jsonw_end_object(w);
	jsonw_end_array(w);
}

static void say_purl(struct jsonw *w, const struct sbom_in *in, const struct package *p)
{
	auto_buf struct buf purl = BUF_INIT(TEXT_MAX);

	sbom_purl(in->packages->kind, in->image->distro, p, &purl);
	jsonw_key(w, "externalRefs");
	jsonw_array(w);
	jsonw_object(w);
	jsonw_kstr(w, "referenceCategory", "PACKAGE-MANAGER");
	jsonw_kstr(w, "referenceType", "purl");
	jsonw_kstr(w, "referenceLocator", buf_str(&purl));
	jsonw_end_object(w);
	jsonw_end_array(w);
}

static void say_package(
	struct jsonw *w, const struct sbom_in *in, const struct package *p, size_t number)
{
	const struct build_source *source = find_source(in, p);
	auto_buf struct buf id = BUF_INIT(TEXT_MAX), from = BUF_INIT(TEXT_MAX);

	add_id(&id, p, number);
	buf_printf(&from, "built from source %s %s", p->source, p->source_version);
	jsonw_object(w);
	jsonw_kstr(w, "SPDXID", buf_str(&id));
	jsonw_kstr(w, "name", p->name);
	jsonw_kstr(w, "versionInfo", p->version);
	jsonw_kstr(w, "downloadLocation", source ? source->url : "NOASSERTION");
	jsonw_kstr(w, "sourceInfo", buf_str(&from));
	say_unknown(w);
	if (p->license && *p->license)
		jsonw_kstr(w, "licenseComments", p->license);
	if (source)
		say_checksum(w, &source->sha256);
	say_purl(w, in, p);
	jsonw_end_object(w);
}

static void say_image(struct jsonw *w, const struct sbom_in *in, const char *name)
{
	char hex[DIGEST_HEX];

	digest_hex(in->id, hex);
	jsonw_object(w);
	jsonw_kstr(w, "SPDXID", "SPDXRef-image");
	jsonw_kstr(w, "name", name);
	jsonw_kstr(w, "versionInfo", hex);
	jsonw_kstr(w, "primaryPackagePurpose", "CONTAINER");
	jsonw_kstr(w, "downloadLocation", "NOASSERTION");
	say_unknown(w);
	jsonw_end_object(w);
}

static void say_relation(
	struct jsonw *w, const char *from, const char *type, const char *to)
{
	jsonw_object(w);
	jsonw_kstr(w, "spdxElementId", from);
	jsonw_kstr(w, "relationshipType", type);
	jsonw_kstr(w, "relatedSpdxElement", to);
	jsonw_end_object(w);
}

static void say_relations(struct jsonw *w, const struct packages *p)
{
	jsonw_key(w, "relationships");
	jsonw_array(w);
	say_relation(w, "SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image");
	for (size_t i = 0; i < p->count; i++) {
		auto_buf struct buf id = BUF_INIT(TEXT_MAX);

		add_id(&id, &p->item[i], i + 1);
		say_relation(w, "SPDXRef-image", "CONTAINS", buf_str(&id));
	}
	jsonw_end_array(w);
}

static void say_creation(struct jsonw *w, const struct sbom_in *in)
{
	char created[HTML_TIME_MAX];
	auto_free char *tool = xasprintf("Tool: %s", in->tool);
	char *space = strchr(tool + 6, ' ');

	if (space)
		*space = '-';
	html_time(in->epoch_s, created);
	jsonw_key(w, "creationInfo");
	jsonw_object(w);
	jsonw_kstr(w, "created", created);
	jsonw_key(w, "creators");
	jsonw_array(w);
	jsonw_str(w, tool);
	jsonw_end_array(w);
	jsonw_end_object(w);
}

/* Names the document by what it describes: unique, and the same for the same image. */
static void say_namespace(struct jsonw *w, const struct sbom_in *in, const char *name)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	char hex[DIGEST_HEX];

	digest_hex(in->id, hex);
	buf_printf(&text, "https://spdx.org/spdxdocs/rootyard/%s/%s", name, hex);
	jsonw_kstr(w, "documentNamespace", buf_str(&text));
}

int sbom_format(const struct sbom_in *in, struct buf *out, struct err *e)
{
	struct jsonw w = jsonw_to(out);
	char name[IMAGE_NAME_MAX];

	image_format(in->image, name);
	jsonw_object(&w);
	jsonw_kstr(&w, "spdxVersion", "SPDX-2.3");
	jsonw_kstr(&w, "dataLicense", "CC0-1.0");
	jsonw_kstr(&w, "SPDXID", "SPDXRef-DOCUMENT");
	jsonw_kstr(&w, "name", name);
	say_namespace(&w, in, name);
	say_creation(&w, in);
	jsonw_key(&w, "packages");
	jsonw_array(&w);
	say_image(&w, in, name);
	for (size_t i = 0; i < in->packages->count; i++)
		say_package(&w, in, &in->packages->item[i], i + 1);
	jsonw_end_array(&w);
	say_relations(&w, in->packages);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
	return buf_check(out, "sbom.spdx.json", e);
}
