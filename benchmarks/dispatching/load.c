/* Many workers in one process: draws handles from a project over HTTP and reports them done.
 *
 * Every connection goes round by itself: ask for handles, read the reply, report what was given as done, read the
 * reply. One thread waits for all of them with epoll, so that this program takes little of the machine that it shares
 * with the server. It speaks as much HTTP/1.1 as it needs: connections that stay open, replies with a Content-Length.
 *
 * A connection ends its part at the first empty answer, at the first cycle that would begin after the time is up, or
 * when it breaks. What was reported done and accepted is written to the journal, a line each: the attempt id, or in
 * the old protocol, which has none, the name. The last thing is one line of JSON with all figures on standard output.
 *
 * SUTLER_TOKEN holds the token. Arguments: see `usage`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SITES = 16, TENTHS = 10, STEPS = 64, POWERS = 40, LONGEST_NAME = 256, LONGEST_TOKEN = 1536, POLL_MS = 100 };

/* How the old protocol says that a project is over. */
static const char OVER[] = "Inactive project";

enum mode { CYCLE, BATCH, OLD };

/* How often something took how long: 64 steps to every power of two microseconds, so within 1.6 percent. */
struct histogram {
    uint64_t counts[POWERS * STEPS];
    uint64_t total;
    uint64_t largest;
};

struct buffer {
    char *text;
    size_t length, room;
};

struct connection {
    int socket;
    unsigned number;
    bool is_open, is_reporting;
    uint64_t asked_at;
    struct buffer request, body, reply;
    size_t sent;
    unsigned held;                /* handles of the cycle that is going on */
    int64_t *attempts;            /* their attempt ids, `held` of them */
    char name[2 * LONGEST_NAME];  /* in the old protocol: namespace and name of the one handle */
};

static struct {
    enum mode mode;
    const char *host, *token, *sites[MOST_SITES];
    unsigned port, connections, count, site_count;
    long long project;
    double seconds;
    uint64_t handles;
    FILE *journal;
} plan = {.mode = CYCLE, .host = "127.0.0.1", .connections = 1, .count = 1, .seconds = 10};

static struct histogram next_times, report_times;
static uint64_t began_at, last_at, tenths[TENTHS];
static uint64_t reserved, done, refused, errors, broken, drained, waiting;
static unsigned open_count;
static uint64_t random_state[2];

static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- figures */

static void note_time(struct histogram *times, uint64_t us)
{
    unsigned power = 0;
    uint64_t scaled = us;
    while (scaled >= 2 * STEPS) {
        scaled >>= 1;
        power++;
    }
    /* Below 128 µs every microsecond has its own place; above, each power of two has 64. */
    size_t place = power * STEPS + scaled;
    if (place >= POWERS * STEPS)
        place = POWERS * STEPS - 1;
    times->counts[place]++;
    times->total++;
    if (us > times->largest)
        times->largest = us;
}

static double find_percentile_ms(const struct histogram *times, double percent)
{
    uint64_t wanted = (uint64_t)((double)times->total * percent / 100.0), seen = 0;
    for (size_t place = 0; place < POWERS * STEPS; place++) {
        seen += times->counts[place];
        if (times->counts[place] && seen > wanted) {
            size_t power = place < 2 * STEPS ? 0 : place / STEPS - 1;
            double low = (double)((place - power * STEPS) << power), width = (double)(1ull << power);
            return (low + width / 2) / 1000.0;
        }
    }
    return (double)times->largest / 1000.0;
}

static void note_done(uint64_t at)
{
    done++;
    last_at = at;
    for (unsigned tenth = 0; plan.handles && tenth < TENTHS; tenth++)
        if (done == plan.handles * (tenth + 1) / TENTHS)
            tenths[tenth] = at;
}

static void print_call(const char *name, const struct histogram *times)
{
    printf("\"%s\": {\"count\": %llu, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}, ", name,
           (unsigned long long)times->total, find_percentile_ms(times, 50), find_percentile_ms(times, 99),
           (double)times->largest / 1000.0);
}

static void print_figures(void)
{
    uint64_t end = last_at > began_at ? last_at : now_us();
    printf("{\"seconds\": %.6f, \"reserved\": %llu, \"done\": %llu, \"refused\": %llu, \"errors\": %llu, "
           "\"broken\": %llu, \"drained\": %llu, \"waiting\": %llu, ",
           (double)(end - began_at) / 1e6, (unsigned long long)reserved, (unsigned long long)done,
           (unsigned long long)refused, (unsigned long long)errors, (unsigned long long)broken,
           (unsigned long long)drained, (unsigned long long)waiting);
    print_call("next", &next_times);
    print_call("report", &report_times);
    printf("\"tenths\": [");
    for (unsigned tenth = 0; tenth < TENTHS && tenths[tenth]; tenth++)
        printf("%s%.6f", tenth ? ", " : "", (double)(tenths[tenth] - began_at) / 1e6);
    printf("]}\n");
}

/* ---- requests */

static void reserve_room(struct buffer *buffer, size_t more)
{
    size_t needed = buffer->length + more + 1;
    if (needed <= buffer->room)
        return;
    buffer->room = needed * 2;
    buffer->text = realloc(buffer->text, buffer->room);
    if (!buffer->text)
        die("no memory");
}

__attribute__((format(printf, 2, 3))) static void append(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        die("cannot format a request");
    reserve_room(buffer, (size_t)length);
    vsnprintf(buffer->text + buffer->length, (size_t)length + 1, format, again);
    va_end(again);
    buffer->length += (size_t)length;
}

/* xorshift128+: request ids have to differ, nothing more. */
static uint64_t draw(void)
{
    uint64_t one = random_state[0], two = random_state[1];
    random_state[0] = two;
    one ^= one << 23;
    random_state[1] = one ^ two ^ (one >> 17) ^ (two >> 26);
    return random_state[1] + two;
}

static void write_next(struct connection *to)
{
    const char *site = plan.site_count ? plan.sites[to->number % plan.site_count] : NULL;
    struct buffer *body = &to->body;
    if (plan.mode == OLD) {
        append(&to->request, "GET /dd/next_file?project_id=%lld&worker_id=bench_%u%s%s HTTP/1.1\r\n", plan.project,
               to->number, site ? "&cpu_site=" : "", site ? site : "");
        return;
    }
    uint64_t high = draw(), low = draw();
    append(body, "{\"worker_id\":\"bench_%u\",\"request_id\":\"%08x-%04x-4%03x-%04x-%012llx\",\"count\":%u", to->number,
           (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
           (unsigned)(0x8000 | (low >> 48 & 0x3fff)), (unsigned long long)(low & 0xffffffffffff), plan.count);
    if (site)
        append(body, ",\"site\":\"%s\"", site);
    append(body, "}");
    append(&to->request, "POST /api/v1/projects/%lld/next HTTP/1.1\r\n", plan.project);
}

static void write_report(struct connection *to)
{
    struct buffer *body = &to->body;
    if (plan.mode == OLD) {
        append(&to->request, "GET /dd/release?handle_id=%lld:%s&worker_id=bench_%u HTTP/1.1\r\n", plan.project,
               to->name, to->number);
        return;
    }
    append(body, "{\"worker_id\":\"bench_%u\",\"attempt_ids\":[", to->number);
    for (unsigned place = 0; place < to->held; place++)
        append(body, "%s%lld", place ? "," : "", (long long)to->attempts[place]);
    append(body, "]}");
    append(&to->request, "POST /api/v1/attempts/done HTTP/1.1\r\n");
}

static void write_request(struct connection *to)
{
    to->request.length = to->body.length = to->reply.length = to->sent = 0;
    if (to->is_reporting)
        write_report(to);
    else
        write_next(to);
    append(&to->request, "Host: %s:%u\r\n", plan.host, plan.port);
    if (plan.mode == OLD)
        append(&to->request, "X-Authentication-Token: %s\r\n\r\n", plan.token);
    else
        append(&to->request,
               "Authorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               plan.token, to->body.length, to->body.text);
}

/* ---- replies */

/* Find a member of a JSON object by its name, wherever it stands, and return what follows its colon. */
static const char *find_member(const char *text, const char *quoted)
{
    const char *found = text ? strstr(text, quoted) : NULL;
    if (!found)
        return NULL;
    found += strlen(quoted);
    found += strspn(found, " \t\r\n");
    if (*found != ':')
        return find_member(found, quoted);
    return found + 1 + strspn(found + 1, " \t\r\n");
}

static bool copy_string(const char *from, char *to, size_t room)
{
    size_t length = from && *from == '"' ? strcspn(from + 1, "\"\\") : room;
    if (length >= room || from[length + 1] != '"')
        return false;
    memcpy(to, from + 1, length);
    to[length] = '\0';
    return true;
}

/* Take the handles out of a reply to `next`; `held` stays 0 where there are none. */
static void read_handles(struct connection *of, const char *body)
{
    char namespace[LONGEST_NAME], name[LONGEST_NAME];
    of->held = 0;
    if (plan.mode == OLD) {
        const char *handle = find_member(body, "\"handle\"");
        if (handle && *handle == '{' && copy_string(find_member(handle, "\"namespace\""), namespace, LONGEST_NAME) &&
            copy_string(find_member(handle, "\"name\""), name, LONGEST_NAME)) {
            snprintf(of->name, sizeof of->name, "%s:%s", namespace, name);
            of->held = 1;
        }
        return;
    }
    for (const char *id = body; of->held < plan.count && (id = find_member(id, "\"attempt_id\"")); of->held++)
        of->attempts[of->held] = strtoll(id, NULL, 10);
}

static void note_accepted(const struct connection *of, const char *body, uint64_t at)
{
    if (plan.mode == OLD) {
        const char *state = find_member(body, "\"state\"");
        if (!state || strncmp(state, "\"done\"", 6) != 0) {
            refused++;
            return;
        }
        note_done(at);
        fprintf(plan.journal, "%s\n", strchr(of->name, ':') + 1);
        return;
    }
    /* Answers come in the order of the attempts or not, so each says its own id. */
    const char *id = body;
    unsigned accepted = 0;
    while ((id = find_member(id, "\"attempt_id\""))) {
        const char *is_accepted = find_member(id, "\"accepted\"");
        if (is_accepted && strncmp(is_accepted, "true", 4) == 0) {
            accepted++;
            note_done(at);
            fprintf(plan.journal, "%lld\n", strtoll(id, NULL, 10));
        }
    }
    refused += of->held > accepted ? of->held - accepted : 0;
}

/* Return the body once the reply is complete, else NULL; the status is -1 for what is no reply. */
static const char *find_body(struct connection *of, int *status)
{
    char *text = of->reply.text, *end = strstr(text, "\r\n\r\n");
    if (!end) {
        *status = of->reply.length > 65536 ? -1 : 0;
        return NULL;
    }
    long long length = -1;
    if (sscanf(text, "HTTP/1.1 %d", status) != 1)
        *status = -1;
    for (char *line = strstr(text, "\r\n"); line && line < end; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, "content-length:", 15) == 0)
            length = atoll(line + 17);
    if (length < 0)
        *status = -1;
    size_t there = of->reply.length - (size_t)(end + 4 - text);
    return *status >= 0 && there >= (size_t)length ? end + 4 : NULL;
}

/* ---- the way of a connection */

static void end_part(struct connection *of)
{
    close(of->socket);
    of->is_open = false;
    open_count--;
}

static void break_off(struct connection *of, const char *why)
{
    if (broken++ == 0)
        fprintf(stderr, "load: connection %u broke: %s\n", of->number, why);
    end_part(of);
}

static void send_request(struct connection *of, int poll)
{
    while (of->sent < of->request.length) {
        ssize_t count = send(of->socket, of->request.text + of->sent, of->request.length - of->sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno != EAGAIN) {
            break_off(of, strerror(errno));
            return;
        }
        if (count < 0) {
            struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = of};
            epoll_ctl(poll, EPOLL_CTL_MOD, of->socket, &event);
            return;
        }
        of->sent += (size_t)count;
    }
}

static void begin_call(struct connection *of, int poll, bool is_reporting)
{
    of->is_reporting = is_reporting;
    write_request(of);
    of->asked_at = now_us();
    send_request(of, poll);
}

static bool is_time_over(uint64_t at)
{
    return plan.seconds > 0 && (double)(at - began_at) >= plan.seconds * 1e6;
}

static void note_error(const struct connection *of, int status, const char *body)
{
    if (errors++ < 3)
        fprintf(stderr, "load: %s was answered %d: %.300s\n", of->is_reporting ? "a report" : "a wish", status, body);
}

/* A complete reply is there: note it, and begin what follows. */
static void answer(struct connection *of, int poll, int status, const char *body)
{
    uint64_t at = now_us(), took = at - of->asked_at;
    bool goes_on = !is_time_over(at);
    if (plan.mode == OLD && status == 400 && strncmp(body, OVER, strlen(OVER)) == 0) {
        drained++;
        goes_on = false;
    } else if (status != 200) {
        note_error(of, status, body);
    } else if (of->is_reporting) {
        note_time(&report_times, took);
        note_accepted(of, body, at);
    } else {
        read_handles(of, body);
        if (of->held) {
            note_time(&next_times, took);
            reserved += of->held;
            begin_call(of, poll, true);
            return;
        }
        const char *again = find_member(body, "\"retry\"");
        drained++;
        waiting += again && strncmp(again, "true", 4) == 0;
        goes_on = false;
    }
    if (goes_on && errors < 1000)
        begin_call(of, poll, false);
    else
        end_part(of);
}

static void receive(struct connection *of, int poll)
{
    reserve_room(&of->reply, 65536);
    ssize_t count = recv(of->socket, of->reply.text + of->reply.length, of->reply.room - of->reply.length - 1, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        break_off(of, count ? strerror(errno) : "the server closed it");
        return;
    }
    of->reply.length += (size_t)count;
    of->reply.text[of->reply.length] = '\0';
    int status;
    const char *body = find_body(of, &status);
    if (status < 0)
        break_off(of, "what came is no reply with a length");
    else if (body)
        answer(of, poll, status, body);
}

static void open_connection(struct connection *of, int poll)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)plan.port)};
    if (inet_pton(AF_INET, plan.host, &address.sin_addr) != 1)
        die("%s is no IPv4 address", plan.host);
    of->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    if (of->socket < 0 || connect(of->socket, (struct sockaddr *)&address, sizeof address) ||
        setsockopt(of->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) ||
        fcntl(of->socket, F_SETFL, O_NONBLOCK))
        die("cannot connect to %s:%u: %s", plan.host, plan.port, strerror(errno));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = of};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, of->socket, &event))
        die("epoll_ctl: %s", strerror(errno));
    of->attempts = calloc(plan.count, sizeof *of->attempts);
    if (!of->attempts)
        die("no memory");
    append(&of->body, "%s", "");
    of->is_open = true;
    open_count++;
}

static void run(void)
{
    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *all = calloc(plan.connections, sizeof *all);
    struct epoll_event *events = calloc(plan.connections, sizeof *events);
    if (poll < 0 || !all || !events)
        die("cannot begin: %s", strerror(errno));
    for (unsigned number = 0; number < plan.connections; number++) {
        all[number].number = number;
        open_connection(&all[number], poll);
    }
    began_at = now_us();
    for (unsigned number = 0; number < plan.connections; number++)
        begin_call(&all[number], poll, false);
    while (open_count) {
        int count = epoll_wait(poll, events, (int)plan.connections, POLL_MS);
        if (count < 0 && errno != EINTR)
            die("epoll_wait: %s", strerror(errno));
        for (int place = 0; place < count; place++) {
            struct connection *of = events[place].data.ptr;
            if (events[place].events & EPOLLOUT) {
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = of};
                epoll_ctl(poll, EPOLL_CTL_MOD, of->socket, &event);
                send_request(of, poll);
            }
            if (of->is_open && events[place].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                receive(of, poll);
        }
    }
    for (unsigned number = 0; number < plan.connections; number++) {
        free(all[number].request.text);
        free(all[number].body.text);
        free(all[number].reply.text);
        free(all[number].attempts);
    }
    free(all);
    free(events);
    close(poll);
}

/* ---- the command line */

static void usage(void)
{
    die("usage: load --port N --project N --journal FILE [--mode cycle|batch|old] [--connections N] [--count N]\n"
        "      [--seconds N, 0: until drained] [--handles N: of the project] [--site NAME]…  with SUTLER_TOKEN set");
}

static enum mode read_mode(const char *word)
{
    static const char *const words[] = {"cycle", "batch", "old"};
    for (unsigned place = 0; place < sizeof words / sizeof *words; place++)
        if (strcmp(word, words[place]) == 0)
            return (enum mode)place;
    usage();
    return CYCLE;
}

static void read_arguments(int argument_count, char **arguments)
{
    static const struct option options[] = {
        {"port", 1, NULL, 'p'},    {"project", 1, NULL, 'i'}, {"mode", 1, NULL, 'm'}, {"connections", 1, NULL, 'c'},
        {"seconds", 1, NULL, 't'}, {"handles", 1, NULL, 'n'}, {"site", 1, NULL, 's'}, {"journal", 1, NULL, 'j'},
        {"count", 1, NULL, 'k'},   {NULL, 0, NULL, 0},
    };
    for (int word; (word = getopt_long(argument_count, arguments, "", options, NULL)) != -1;) {
        switch (word) {
        case 'p': plan.port = (unsigned)atoi(optarg); break;
        case 'i': plan.project = atoll(optarg); break;
        case 'm': plan.mode = read_mode(optarg); break;
        case 'c': plan.connections = (unsigned)atoi(optarg); break;
        case 't': plan.seconds = atof(optarg); break;
        case 'n': plan.handles = (uint64_t)atoll(optarg); break;
        case 'k': plan.count = (unsigned)atoi(optarg); break;
        case 'j': plan.journal = fopen(optarg, "w"); break;
        case 's':
            if (plan.site_count < MOST_SITES)
                plan.sites[plan.site_count++] = optarg;
            break;
        default: usage();
        }
    }
    plan.token = getenv("SUTLER_TOKEN");
    if (plan.mode != BATCH)
        plan.count = 1;
    if (!plan.token || strlen(plan.token) > LONGEST_TOKEN || !plan.port || plan.port > 65535 || !plan.project ||
        !plan.connections || !plan.count || !plan.journal)
        usage();
}

int main(int argument_count, char **arguments)
{
    read_arguments(argument_count, arguments);
    random_state[0] = now_us() | 1;
    random_state[1] = (uint64_t)getpid() << 32 | 0x9e3779b9u;
    run();
    if (fclose(plan.journal))
        die("cannot write the journal: %s", strerror(errno));
    print_figures();
    return 0;
}
