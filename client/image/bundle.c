#include "client/image/bundle.h"

#include "lib/base/profile.h"

#define SPEC_VERSION "1.0.2"
#define TTY_GROUP    "gid=5"

/* ---- process */

static void write_caps(struct jsonw *w)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };

	jsonw_key(w, "capabilities");
	jsonw_object(w);
	for (size_t s = 0; s < ARRAY_COUNT(sets); s++) {
		jsonw_key(w, sets[s]);
		jsonw_array(w);
		for (size_t i = 0; i < profile_cap_count; i++)
			jsonw_str(w, profile_caps[i].name);
		jsonw_end_array(w);
	}
	jsonw_end_object(w);
}

static void write_process(struct jsonw *w, const struct bundle *b)
{
	jsonw_key(w, "process");
	jsonw_object(w);
	jsonw_kbool(w, "terminal", false);
	jsonw_key(w, "user");
	jsonw_object(w);
	jsonw_kint(w, "uid", 0);
	jsonw_kint(w, "gid", 0);
	jsonw_end_object(w);
	jsonw_key(w, "args");
	jsonw_array(w);
	if (!b->argv[0])
		jsonw_str(w, profile_shell);
	for (char *const *arg = b->argv; *arg; arg++)
		jsonw_str(w, *arg);
	jsonw_end_array(w);
	jsonw_key(w, "env");
	jsonw_array(w);
	for (size_t i = 0; i < profile_env_count; i++)
		jsonw_str(w, profile_env[i]);
	jsonw_end_array(w);
	jsonw_kstr(w, "cwd", "/");
	write_caps(w);
	jsonw_kbool(w, "noNewPrivileges", true);
	jsonw_end_object(w);
}

/* ---- mounts */

struct bundle_mount {
	const char *target, *type;
	const char *options[8];
};

static const struct bundle_mount mounts[] = {
	{ "/proc", "proc", { "nosuid", "noexec", "nodev" } },
	{ "/dev", "tmpfs", { "nosuid", "noexec", "mode=755", "size=512k" } },
	{ "/dev/pts", "devpts",
		{ "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
			TTY_GROUP } },
	{ "/dev/shm", "tmpfs",
		{ "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
};

/* With one id there is no group of terminals. */
static bool is_possible(const char *option, const struct bundle *b)
{
	return b->ids->full || strcmp(option, TTY_GROUP) != 0;
}

static void write_mounts(struct jsonw *w, const struct bundle *b)
{
	jsonw_key(w, "mounts");
	jsonw_array(w);
	for (size_t i = 0; i < ARRAY_COUNT(mounts); i++) {
		jsonw_object(w);
		jsonw_kstr(w, "destination", mounts[i].target);
		jsonw_kstr(w, "type", mounts[i].type);
		jsonw_kstr(w, "source", mounts[i].type);
		jsonw_key(w, "options");
		jsonw_array(w);
		for (const char *const *o = mounts[i].options; *o; o++)
			if (is_possible(*o, b))
				jsonw_str(w, *o);
		jsonw_end_array(w);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

/* ---- linux */

static void write_map(
	struct jsonw *w, unsigned int from, unsigned int to, unsigned int count)
{
	jsonw_object(w);
	jsonw_kint(w, "containerID", from);
	jsonw_kint(w, "hostID", to);
	jsonw_kint(w, "size", count);
	jsonw_end_object(w);
}

static void write_maps(
	struct jsonw *w, const char *key, bool full, unsigned int sub, unsigned int own)
{
	jsonw_key(w, key);
	jsonw_array(w);
	write_map(w, 0, full ? sub : own, full ? USERNS_IDS : 1);
	jsonw_end_array(w);
}

static void write_namespaces(struct jsonw *w)
{
	static const char *const types[] = { "user", "pid", "mount", "ipc", "uts",
		"network", "cgroup" };

	jsonw_key(w, "namespaces");
	jsonw_array(w);
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		jsonw_object(w);
		jsonw_kstr(w, "type", types[i]);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void write_beneath(struct jsonw *w, const char *top, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", top, name);

	jsonw_str(w, path);
}

static void write_paths(struct jsonw *w)
{
	jsonw_key(w, "maskedPaths");
	jsonw_array(w);
	for (size_t i = 0; i < profile_hidden_proc_count; i++)
		write_beneath(w, "/proc", profile_hidden_proc[i].name);
	for (size_t i = 0; i < profile_hidden_sys_count; i++)
		write_beneath(w, "/sys", profile_hidden_sys[i].name);
	jsonw_end_array(w);
	jsonw_key(w, "readonlyPaths");
	jsonw_array(w);
	for (size_t i = 0; i < profile_readonly_proc_count; i++)
		write_beneath(w, "/proc", profile_readonly_proc[i]);
	jsonw_end_array(w);
}

void bundle_config(const struct bundle *b, struct buf *out)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kstr(&w, "ociVersion", SPEC_VERSION);
	write_process(&w, b);
	jsonw_key(&w, "root");
	jsonw_object(&w);
	jsonw_kstr(&w, "path", "rootfs");
	jsonw_kbool(&w, "readonly", false);
	jsonw_end_object(&w);
	jsonw_kstr(&w, "hostname", b->hostname);
	write_mounts(&w, b);
	jsonw_key(&w, "linux");
	jsonw_object(&w);
	write_maps(&w, "uidMappings", b->ids->full, b->ids->uid_start, b->uid);
	write_maps(&w, "gidMappings", b->ids->full, b->ids->gid_start, b->gid);
	write_namespaces(&w);
	write_paths(&w);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	buf_add(out, "\n", 1);
}
