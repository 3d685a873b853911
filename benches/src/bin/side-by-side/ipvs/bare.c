/* Sends batches of netlink messages to IPVS, each when the one before it has been answered, and
 * prints how many nanoseconds that took. The file has the batches, each after its length. Of a
 * listing everything is received, and nothing of it looked at. */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char answer[65536];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct nlmsghdr *exchange(int fd, const void *bytes, size_t length)
{
	if (send(fd, bytes, length, 0) < 0)
		fail("send");
	if (recv(fd, answer, sizeof answer, 0) < 0)
		fail("recv");
	return (struct nlmsghdr *)answer;
}

/* The number of the family "IPVS". */
static unsigned short family(int fd)
{
	struct {
		struct nlmsghdr n;
		struct genlmsghdr g;
		struct nlattr a;
		char name[8];
	} ask = {
		.n = { sizeof ask, GENL_ID_CTRL, NLM_F_REQUEST, 1, 0 },
		.g = { CTRL_CMD_GETFAMILY, 1, 0 },
		.a = { 9, CTRL_ATTR_FAMILY_NAME },
		.name = "IPVS",
	};
	struct nlmsghdr *n = exchange(fd, &ask, sizeof ask);
	char *at = (char *)n + NLMSG_HDRLEN + GENL_HDRLEN;
	while (at < (char *)n + n->nlmsg_len) {
		struct nlattr *a = (struct nlattr *)at;
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(unsigned short *)(at + NLA_HDRLEN);
		at += NLA_ALIGN(a->nla_len);
	}
	exit(1);
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
	if (!file)
		fail("open");
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	char *bytes = malloc(size);
	if (!bytes || fread(bytes, 1, size, file) != (size_t)size)
		fail("read");

	struct timespec begun, ended;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0)
		fail("socket");
	unsigned short type = family(fd);
	for (char *at = bytes; at < bytes + size;) {
		unsigned length;
		memcpy(&length, at, sizeof length);
		char *batch = at + sizeof length;
		for (unsigned off = 0; off < length; off += ((struct nlmsghdr *)(batch + off))->nlmsg_len)
			((struct nlmsghdr *)(batch + off))->nlmsg_type = type;
		int lists = ((struct nlmsghdr *)batch)->nlmsg_flags & NLM_F_DUMP;
		struct nlmsghdr *n = exchange(fd, batch, length);
		while (lists && n->nlmsg_type == type)
			if (recv(fd, answer, sizeof answer, 0) < 0)
				fail("recv");
		if (lists && n->nlmsg_type == NLMSG_DONE) {
			at = batch + length;
			continue;
		}
		if (n->nlmsg_type != NLMSG_ERROR || ((struct nlmsgerr *)NLMSG_DATA(n))->error) {
			fprintf(stderr, "refused: %d\n", ((struct nlmsgerr *)NLMSG_DATA(n))->error);
			return 1;
		}
		at = batch + length;
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%lld\n", (ended.tv_sec - begun.tv_sec) * 1000000000LL + ended.tv_nsec - begun.tv_nsec);
	return 0;
}
