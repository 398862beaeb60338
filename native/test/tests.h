/* The groups of unit tests; each returns the number of failed tests. */
#ifndef NUCLEUS_TESTS_H
#define NUCLEUS_TESTS_H

int mount_check_tests(void);
int copy_tests(void);
int json_tests(void);
int mount_table_tests(void);
int new_directory_tests(void);
int plan_tests(void);
int process_tests(void);
int stream_tests(void);
int tar_tests(void);
int wire_tests(void);

#endif
