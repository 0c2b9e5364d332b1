#include "client/run/env.h"

#include "lib/base/profile.h"

extern char **environ;

static const char *find(char *const *caller, const char *name, size_t len)
{
	for (; *caller; caller++)
		if (strncmp(*caller, name, len) == 0 && (*caller)[len] == '=')
			return *caller;
	return NULL;
}

static void put(struct env *env, const char *item)
{
	size_t name_len = strcspn(item, "=") + 1;

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->item[i], item, name_len) == 0) {
			env->item[i] = item;
			return;
		}
	env->item[env->count++] = item;
	env->item[env->count] = NULL;
}

/* The name of a terminal, not a path or something to be interpreted. */
static bool term_is_plain(const char *item)
{
	size_t len = strlen(item);

	return len < 64 &&
	       strspn(item, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789+-._=") == len;
}

static int put_asked(
	struct env *env, const char *asked, char *const *caller, struct err *e)
{
	size_t name_len = strcspn(asked, "=");
	const char *item = asked;

	if (name_len == 0)
		return err_set(
			e, ERR_USAGE, "option '--env': '%s' is not NAME=VALUE", asked);
	if (asked[name_len] != '=')
		item = find(caller, asked, name_len);
	if (item)
		put(env, item);
	return 0;
}

static int put_rest(struct env *out, const struct opt_list *asked, char *const *caller,
	bool tty, struct err *e)
{
	const char *term = find(caller, "TERM", 4);

	if (tty)
		put(out, term && term_is_plain(term) ? term : "TERM=dumb");
	for (size_t i = 0; i < asked->count; i++)
		if (put_asked(out, asked->item[i], caller, e) < 0)
			return -1;
	return 0;
}

size_t env_own_block(char **start)
{
	char *end = NULL;

	for (char **env = environ; *env; env++)
		end = *env + strlen(*env);
	*start = program_invocation_name;
	return end > *start ? (size_t)(end - *start) : strlen(*start);
}

int env_make(const struct opt_list *asked, char *const *caller, bool tty, struct env *out,
	struct err *e)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < profile_env_count; i++)
		put(out, profile_env[i]);
	return put_rest(out, asked, caller, tty, e);
}

void env_be_system(struct env *env)
{
	put(env, "container=lxc");
}

int env_join(const char *const *base, const char *home, const struct opt_list *asked,
	char *const *caller, bool tty, struct env *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	for (; *base && out->count < ENV_OWN + OPT_LIST_MAX - 1; base++)
		if (strncmp(*base, "TERM=", 5) != 0)
			put(out, *base);
	if (home)
		put(out, home);
	return put_rest(out, asked, caller, tty, e);
}
