/* Greets the console once at boot: which kernel, which machine, how long it took to get here. */
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#ifndef VERSION
#define VERSION "unknown"
#endif

static int greet(FILE *out)
{
	struct utsname machine;
	struct sysinfo memory;

	if (uname(&machine) != 0 || sysinfo(&memory) != 0) {
		perror("hello");
		return 1;
	}
	unsigned long long mib = (unsigned long long)memory.totalram * memory.mem_unit >> 20;
	fprintf(out, "hello from %s %s on %s, %llu MiB, up %ld s\n", machine.sysname, machine.release, machine.machine,
		mib, memory.uptime);
	return fflush(out) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return greet(stdout);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("hello " VERSION) < 0;
	fputs("usage: hello [--version]\n", stderr);
	return 2;
}
