#include "indexer/admit_meta.h"

#include "tests/unit/indexer/small.h"

static const struct image amd64 = {
	.distro = "toy", .release = "1", .arch = "amd64", .variant = "default"
};

#define HEAD                                                                             \
	"architecture: x86_64\ncreation_date: 1700000000\nexpiry_date: 1800000000\n"     \
	"properties:\n  description: Toy one\n  release: \"1\"\n"
#define TEMPLATES                                                                        \
	"templates:\n  /etc/hostname:\n    when:\n      - create\n    create_only: "     \
	"false\n    template: hostname.tpl\n    properties: {}\n"

static int judge(struct scratch *s, const char *name, const char *metadata,
	struct meta_facts *facts, struct err *e)
{
	auto_buf struct buf tar = BUF_INIT(1U << 20);
	auto_fd int fd = -1;

	small_add(&tar, '0', name, metadata);
	small_add(&tar, '5', "templates/", "");
	small_add(&tar, '0', "templates/hostname.tpl", "{{ container.name }}\n");
	fd = small_pack(s, &tar);
	*facts = (struct meta_facts){ .expires_s = 0 };
	return admit_incus_meta(fd, &amd64, facts, e);
}

static void incus_meta_accepts_what_the_builder_makes(void **state)
{
	struct meta_facts facts;
	struct err e;

	if (judge(*state, "metadata.yaml", HEAD TEMPLATES, &facts, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(facts.description, "Toy one");
}

static void incus_meta_requirements_are_taken_sorted(void **state)
{
	struct meta_facts facts;
	struct err e;

	if (judge(*state, "metadata.yaml",
		    HEAD "  requirements.nesting: \"true\"\n  requirements.cgroup: v2\n",
		    &facts, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(facts.requirements, "cgroup=v2\nnesting=true\n");
	assert_int_equal(judge(*state, "metadata.yaml",
				 HEAD "  requirements.cgroup: v3\n", &facts, &e),
		-1);
	assert_non_null(strstr(e.text, "metadata.yaml:7:"));
}

static void incus_meta_refuses(void **state)
{
	static const struct {
		const char *name, *metadata, *says;
	} cases[] = {
		{ "./metadata.yaml", HEAD, "'.'" },
		{ "other.yaml", HEAD, "neither metadata.yaml nor a template" },
		{ "metadata.yaml", "", "is empty" },
		{ "metadata.yaml", "- a\n", "not a mapping" },
		{ "metadata.yaml", "architecture: x86_64\n",
			"'creation_date' is missing" },
		{ "metadata.yaml",
			"architecture: arm64\ncreation_date: 1\nproperties: {}\n",
			"not that of 'amd64'" },
		{ "metadata.yaml",
			"architecture: x86_64\ncreation_date: 0\nproperties: {}\n",
			"not a Unix time" },
		{ "metadata.yaml",
			"architecture: x86_64\ncreation_date: '5'\nproperties: {}\n",
			"not a Unix time" },
		{ "metadata.yaml", HEAD "surprise: 1\n",
			"a key that Incus does not know" },
		{ "metadata.yaml",
			HEAD
			"templates:\n  /x:\n    when: [create]\n    template: ../x\n",
			"bare file name" },
		{ "metadata.yaml",
			HEAD
			"templates:\n  /x:\n    when: [create]\n    template: x.tpl\n",
			"not in the archive" },
		{ "metadata.yaml",
			HEAD "templates:\n  /x:\n    when: [boot]\n    template: "
			     "hostname.tpl\n",
			"not create, copy, start or rename" },
		{ "metadata.yaml",
			HEAD "templates:\n  x:\n    when: [create]\n    template: "
			     "hostname.tpl\n",
			"not an absolute path" },
		{ "metadata.yaml",
			HEAD "templates:\n  /x:\n    when: [create]\n    template: "
			     "hostname.tpl\n    create_only: 1\n",
			"neither true nor false" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct meta_facts facts;
		struct err e;

		if (judge(*state, cases[i].name, cases[i].metadata, &facts, &e) == 0)
			fail_msg("accepted case %zu", i);
		if (!strstr(e.text, cases[i].says) || !strstr(e.text, "'incus.tar.xz'"))
			fail_msg("case %zu says: %s", i, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(incus_meta_accepts_what_the_builder_makes),
		scratch_test(incus_meta_requirements_are_taken_sorted),
		scratch_test(incus_meta_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
