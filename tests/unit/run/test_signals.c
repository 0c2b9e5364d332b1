#include "client/run/signals.h"

#include "tests/unit/unit.h"

#include <signal.h>

static void signals_have_their_usual_names(void **state)
{
	static const struct {
		const char *name;
		int number;
	} cases[] = { { "TERM", SIGTERM }, { "SIGTERM", SIGTERM }, { "15", 15 },
		{ "SIGRTMIN+3", 37 }, { "RTMIN+0", 34 }, { "PWR", SIGPWR },
		{ "SIGUSR2", SIGUSR2 }, { "64", 64 }, { "", -1 }, { "SIG", -1 },
		{ "term", -1 }, { "0", -1 }, { "65", -1 }, { "1x", -1 }, { "-1", -1 },
		{ "RTMIN+31", -1 }, { "RTMIN+-1", -1 }, { "RTMIN", -1 },
		{ "SIGSIGTERM", -1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		if (signal_number(cases[i].name) != cases[i].number)
			fail_msg("'%s' is %d", cases[i].name,
				signal_number(cases[i].name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_have_their_usual_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
