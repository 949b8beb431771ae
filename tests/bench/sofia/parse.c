/* Processor time that sofia-sip takes to read and to print one SIP message.
 *
 * Usage: parse FILE TIMES. Prints two lines: nanoseconds to read the message, which reads every header of it, and to read
 * and print it. Fails when the message is not understood, for a failure would be fast. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/su.h>

static char message[65536];
static size_t length;

static void fail(char const *why)
{
    fprintf(stderr, "parse: %s\n", why);
    exit(1);
}

static double processor_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

/* As a server reads a datagram: into the buffer of a new message. */
static msg_t *read_message(void)
{
    msg_t *msg = msg_create(sip_default_mclass(), 0);
    msg_iovec_t buffer[2];
    if (!msg || msg_recv_iovec(msg, buffer, 2, length, 1) != 1)
        fail("no buffer");
    memcpy(buffer[0].mv_base, message, length);
    msg_recv_commit(msg, length, 1);
    sip_t *sip = msg_extract(msg) < 0 ? NULL : sip_object(msg);
    if (!sip || sip->sip_error || !sip->sip_request || !sip->sip_contact || !sip->sip_payload)
        fail("sofia-sip does not understand the message");
    return msg;
}

static void read_only(void)
{
    msg_destroy(read_message());
}

static void read_and_print(void)
{
    msg_t *msg = read_message();
    size_t printed = 0;
    char *text = msg_as_string(msg_home(msg), msg, NULL, 0, &printed);
    if (!text || printed < length - 10)
        fail("sofia-sip does not print the message");
    msg_destroy(msg);
}

static void measure(void (*work)(void), long times)
{
    for (long i = 0; i < times / 10; i++)
        work();
    double start = processor_nanoseconds();
    for (long i = 0; i < times; i++)
        work();
    printf("%.1f\n", (processor_nanoseconds() - start) / times);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        fail("usage: parse FILE TIMES");
    FILE *file = fopen(argv[1], "rb");
    if (!file)
        fail("the file cannot be read");
    length = fread(message, 1, sizeof message, file);
    fclose(file);
    long times = atol(argv[2]);
    su_init();
    measure(read_only, times);
    measure(read_and_print, times);
    su_deinit();
    return 0;
}
