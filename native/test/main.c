/* Runs every group; `make test`. */
#include "tests.h"

int main(void)
{
	return mount_check_tests() + copy_tests() + tar_tests() + json_tests() +
				       mount_table_tests() + new_directory_tests() + plan_tests() +
				       process_tests() + stream_tests() + wire_tests() ==
			       0
		       ? 0
		       : 1;
}
