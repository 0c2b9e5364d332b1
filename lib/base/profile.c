#include "lib/base/profile.h"

#include "lib/base/auto.h"

#include <linux/capability.h>

#define CAP(name)                                                                        \
	{                                                                                \
		name, #name                                                              \
	}

/* What installing packages and serving need; all of it ends at the user namespace. */
const struct profile_cap profile_caps[] = {
	CAP(CAP_CHOWN),
	CAP(CAP_DAC_OVERRIDE),
	CAP(CAP_FOWNER),
	CAP(CAP_FSETID),
	CAP(CAP_KILL),
	CAP(CAP_NET_BIND_SERVICE),
	CAP(CAP_SETFCAP),
	CAP(CAP_SETGID),
	CAP(CAP_SETPCAP),
	CAP(CAP_SETUID),
	CAP(CAP_SYS_CHROOT),
};
const size_t profile_cap_count = ARRAY_COUNT(profile_caps);

const char *const profile_shell = "/bin/sh";

const char *const profile_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"LANG=C.UTF-8",
	"container=rootyard",
};
const size_t profile_env_count = ARRAY_COUNT(profile_env);

const struct profile_hidden profile_hidden_proc[] = {
	{ "acpi", true },
	{ "asound", true },
	{ "interrupts", false },
	{ "kcore", false },
	{ "keys", false },
	{ "latency_stats", false },
	{ "sched_debug", false },
	{ "scsi", true },
	{ "timer_list", false },
	{ "timer_stats", false },
};
const size_t profile_hidden_proc_count = ARRAY_COUNT(profile_hidden_proc);

const struct profile_hidden profile_hidden_sys[] = {
	{ "firmware", true },
	{ "devices/virtual/powercap", true },
};
const size_t profile_hidden_sys_count = ARRAY_COUNT(profile_hidden_sys);

const char *const profile_readonly_proc[] = { "bus", "fs", "irq", "sys",
	"sysrq-trigger" };
const size_t profile_readonly_proc_count = ARRAY_COUNT(profile_readonly_proc);
