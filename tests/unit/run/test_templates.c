#include "client/run/templates.h"
#include "tests/unit/unit.h"

static char out[256];

static const char *filled(const char *text, size_t room)
{
	size_t len = template_substitute(bytes_of_str(text), "box", out, room);

	out[len] = '\0';
	return out;
}

static void the_name_is_put_wherever_it_is_wanted(void **state)
{
	(void)state;
	assert_string_equal(filled("127.0.1.1\tLXC_NAME\n", 255), "127.0.1.1\tbox\n");
	assert_string_equal(filled("LXC_NAMELXC_NAME", 255), "boxbox");
	assert_string_equal(filled("LXC_LXC_NAME", 255), "LXC_box");
}

static void places_of_the_host_are_not_told(void **state)
{
	(void)state;
	assert_string_equal(filled("LXC_PATH/x LXC_ROOTFS LXC_HOOK_DIR", 255),
		"/var/lib/lxc/x / /usr/share/lxc/hooks");
	assert_string_equal(filled("LXC_TEMPLATE_CONFIG", 255), "/usr/share/lxc/config");
}

static void a_text_without_a_name_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(
		template_substitute(bytes_of_str("LXC_NAM E"), "box", out, 255), 0);
	assert_int_equal(template_substitute(bytes_of_str(""), "box", out, 255), 0);
}

static void what_has_no_room_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(template_substitute(bytes_of_str("LXC_NAME"), "box", out, 2), 0);
	assert_int_equal(template_substitute(bytes_of_str("LXC_NAME"), "box", out, 3), 3);
	assert_int_equal(
		template_substitute(bytes_of_str("LXC_NAME."), "box", out, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_is_put_wherever_it_is_wanted),
		cmocka_unit_test(places_of_the_host_are_not_told),
		cmocka_unit_test(a_text_without_a_name_is_left_alone),
		cmocka_unit_test(what_has_no_room_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
