#include "builder/debconfigure.h"

#include "builder/chroot.h"
#include "builder/policy.h"

#define SCRIPT_MAX (4U << 20)

/* A script finds itself and what came with it where dpkg would have put it. A diversion of a
 * file that another package has brought already came too late: the exit status says so. */
static const char functions[] =
	"#!/bin/sh\n"
	"set -e\n"
	"cd /\n"
	"admin=/var/lib/dpkg\n"
	"export DPKG_ROOT= DPKG_ADMINDIR=$admin DPKG_MAINTSCRIPT_NAME=preinst\n"
	"export DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1\n"
	"DPKG_RUNNING_VERSION=$(dpkg-query -f '${Version}' -W dpkg) || :\n"
	"export DPKG_RUNNING_VERSION\n"
	"preinst() {\n"
	"	[ -e $admin/ci.$1 ] || return 0\n"
	"	mv $admin/ci.$1 $admin/tmp.ci\n"
	"	DPKG_MAINTSCRIPT_PACKAGE=$1 DPKG_MAINTSCRIPT_ARCH=$2 "
	"$admin/tmp.ci/preinst install\n"
	"	rm -r $admin/tmp.ci\n"
	"}\n"
	"diverted() {\n"
	"	[ -s $admin/diversions ] || return 0\n"
	"	while read -r from && read -r to && read -r by; do\n"
	"		for list in $(grep -lxF -e \"$from\" $admin/info/*.list); do\n"
	"			list=${list##*/}\n"
	"			list=${list%.list}\n"
	"			[ \"${list%%:*}\" = \"$by\" ] || exit 97\n"
	"		done\n"
	"	done <$admin/diversions\n"
	"}\n";

/* Those of the packages from *next on that are unpacked before package number `at` is
 * configured. */
static void add_preinsts(const struct debplan *plan, unsigned int stage, size_t at,
	size_t *next, struct buf *out)
{
	for (; *next < plan->count && plan->package[*next].after <= at; (*next)++) {
		const struct debplan_package *p = &plan->package[*next];

		if (p->stage == stage)
			buf_printf(out, "preinst %s %s\n", p->name, p->arch);
	}
}

static bool is_last_call(const struct debplan *plan, size_t at)
{
	for (size_t i = at + 1; i < plan->configure_count; i++)
		if (plan->begins[i])
			return false;
	return true;
}

/* What is essential is configured as mmdebstrap does it, the rest as apt does: triggers
 * wait until all is done, and what no later unpacking waits for is left to dpkg, whose
 * order is another. */
static void add_calls(const struct debplan *plan, unsigned int stage, struct buf *out)
{
	const char *options = stage == 0 ? "--force-depends" : "--no-triggers";
	size_t next = 0;

	for (size_t i = 0; i < plan->configure_count; i++) {
		const struct debplan_package *p = &plan->package[plan->configure[i]];

		if (p->stage != stage)
			continue;
		if (plan->begins[i]) {
			buf_add_str(out, "\n");
			add_preinsts(plan, stage, i, &next, out);
			if (stage > 0 && is_last_call(plan, i))
				break;
			buf_printf(out, "dpkg --force-unsafe-io %s --configure", options);
		}
		buf_printf(out, " %s", p->name);
	}
	buf_add_str(out, "\ndiverted\n");
	if (stage > 0)
		buf_add_str(out, "dpkg --force-unsafe-io --configure --pending\n");
}

void debconfigure_script(const struct debplan *plan, unsigned int stage, struct buf *out)
{
	buf_add_str(out, functions);
	add_calls(plan, stage, out);
	buf_add_str(out, "dpkg-query -f '${db:Status-Status}\\n' -W | "
			 "grep -vx installed || exit 0\nexit 98\n");
}

static int run(struct job *j, const char *script, struct err *e)
{
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C.UTF-8", "LANGUAGE=C.UTF-8", "HOME=/root",
		"DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true",
		NULL };
	const struct chroot c = { .root = j->root, .env = env, .log_fd = j->log_fd };
	auto_policy struct policy policy = POLICY_INIT;

	if (policy_set(&policy, j->root_dir, e) < 0)
		return -1;
	return chroot_script(&c, script, CHROOT_NO_SYNC, e);
}

int debconfigure_run(struct job *j, const struct debplan *plan, unsigned int stage,
	char reason[REASON_MAX], struct err *e)
{
	auto_buf struct buf script = BUF_INIT(SCRIPT_MAX);
	int64_t from;

	debconfigure_script(plan, stage, &script);
	if (buf_check(&script, "the script that configures", e) < 0)
		return -1;
	from = job_log_end(j);
	if (run(j, buf_str(&script), e) == 0)
		return 0;
	if (e->code != ERR_FAILED)
		return -1;
	/* Not ours to explain when the disk is full. */
	job_cause(j, from, e);
	if (job_failed(j, e) < 0 && e->code == ERR_NOSPACE)
		return -1;
	snprintf(reason, REASON_MAX, "the packages are not configured: %.400s", e->text);
	return 1;
}
