/*
 * Threads that run a program together. They are created when first needed and kept. To be woken takes some hundred microseconds, as much
 * as a good part of a step: within a run a thread that waits goes on looking, and sleeps only where it waits for much longer than any
 * kernel takes; between runs it sleeps after a millisecond (a step of training follows the last one within less), so that an idle
 * process uses no processor. On a machine that is busy with other work, threads wait for one another's turns, which takes many times as
 * long as the work itself: some runs then go alone, and ever more as long as that does not change. One run at a time has the threads: a run
 * that finds them taken, by another JavaScript thread or by a run that is in a host call, goes on alone. All of that gives the same bits.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "library.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif !defined(_WIN32)
#include <unistd.h>
#endif
#if !defined(_WIN32)
#include <dlfcn.h>
#include <sched.h>
#endif

/* A thread looks without a pause for so long, then offers its processor to whoever else wants it between looks, then sleeps. */
#define SPIN_NANOSECONDS 50000
/* At barriers, and for the others to finish: longer than kernels that one thread does alone, shorter than calls that someone waits for. */
#define WITHIN_RUN_NANOSECONDS 20000000
/* For the next run: longer than the gap between two steps, shorter than anyone notices. */
#define BETWEEN_RUNS_NANOSECONDS 1000000
/* A wait within a run that no kernel explains: the next run is timed. Where that takes more than twice as long as the caller's thread would
 * have worked alone, so many runs go alone, twice as many each time. */
#define STARVED_NANOSECONDS 1000000
#define LEAST_ALONE 8
#define MOST_ALONE 256

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What this thread has had of a processor, 0 where that is not known. */
static int64_t processor_time(void) {
#if defined(CLOCK_THREAD_CPUTIME_ID)
  struct timespec now;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0) return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
#endif
  return 0;
}

/* Gates: a number that others wait for to change ---------------------------------------------------------------------------- */

struct gate {
  _Alignas(64) atomic_int value;
  atomic_int sleepers;
#if !defined(__linux__)
  pthread_mutex_t mutex;
  pthread_cond_t changed;
#endif
};

static void gate_prepare(struct gate *gate) {
  atomic_init(&gate->value, 0);
  atomic_init(&gate->sleepers, 0);
#if !defined(__linux__)
  pthread_mutex_init(&gate->mutex, NULL);
  pthread_cond_init(&gate->changed, NULL);
#endif
}

/* Changes the value; whoever waits goes on. A sleeper counts itself before it looks at the value, so that none is missed. */
static void gate_open(struct gate *gate) {
  atomic_fetch_add(&gate->value, 1);
  if (atomic_load(&gate->sleepers) == 0) return;
#if defined(__linux__)
  syscall(SYS_futex, &gate->value, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
#else
  pthread_mutex_lock(&gate->mutex);
  pthread_cond_broadcast(&gate->changed);
  pthread_mutex_unlock(&gate->mutex);
#endif
}

static void gate_sleep(struct gate *gate, int old) {
  atomic_fetch_add(&gate->sleepers, 1);
#if defined(__linux__)
  while (atomic_load(&gate->value) == old) syscall(SYS_futex, &gate->value, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
#else
  pthread_mutex_lock(&gate->mutex);
  while (atomic_load(&gate->value) == old) pthread_cond_wait(&gate->changed, &gate->mutex);
  pthread_mutex_unlock(&gate->mutex);
#endif
  atomic_fetch_sub(&gate->sleepers, 1);
}

/* Waits for another value than `old`; sleeps after `patience`, or at once where that is 0. Returns for how long, 0 where it was short. */
static int64_t gate_wait(struct gate *gate, int old, int64_t patience) {
  int64_t start = 0, now = 0;
  for (int i = 0;; i++) {
    if (atomic_load_explicit(&gate->value, memory_order_acquire) != old) return now - start;
    relax();
    if (i < 256) continue;
    if (patience == 0) break;
    if (i % 64 != 0 && now - start < SPIN_NANOSECONDS) continue;
    now = nanoseconds();
    if (start == 0) start = now;
    if (now - start >= patience) break;
#if !defined(_WIN32)
    if (now - start >= SPIN_NANOSECONDS) sched_yield();
#endif
  }
  gate_sleep(gate, old);
  return nanoseconds() - start;
}

/* The pool ------------------------------------------------------------------------------------------------------------------ */

struct run {
  gradus_program *program;
  char *memory;
  struct gradus_runtime *rt;
  long threads;
};

struct worker {
  struct gate start;
  pthread_t thread;
  long number;
};

static struct worker *workers[GRADUS_MOST_THREADS];
static long working; /* threads that exist besides the caller's */
static long processors = 1;
/* How long threads look before they sleep, within a run and between runs. */
static int64_t within, between;
static struct run current;
/* Of the caller's thread: whether it has met a long wait in this run; whether this run is timed, and the processor time it waited away. */
static int starved, timed;
static int64_t idled;
/* How many runs still go alone, and how many do after the next that was worse with others. */
static long alone, rest = LEAST_ALONE;
static struct gate finished, barrier;
static atomic_long arrived, running;
static atomic_flag taken = ATOMIC_FLAG_INIT;

/* Waits as the caller's thread. */
static void caller_waits(struct gate *gate, int old) {
  int64_t before = timed ? processor_time() : 0;
  if (gate_wait(gate, old, within) > STARVED_NANOSECONDS && within > 0) starved = 1;
  if (timed) idled += processor_time() - before;
}

static void *work(void *argument) {
  struct worker *self = argument;
  for (int round = 0;; round++) {
    gate_wait(&self->start, round, between);
    current.program(current.memory, self->number, current.threads, current.rt);
    if (atomic_fetch_sub(&running, 1) == 1) gate_open(&finished);
  }
  return NULL;
}

/* Processors that this process may use. */
static long processors_here(void) {
#if defined(__linux__)
  cpu_set_t own;
  if (sched_getaffinity(0, sizeof own, &own) == 0) return CPU_COUNT(&own);
#endif
#if defined(_SC_NPROCESSORS_ONLN)
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  if (online > 0) return online;
#endif
  return 1;
}

/* Threads 1 … threads − 1 exist; returns how many threads there are. */
static long prepare(long threads) {
  if (working == 0) {
    gate_prepare(&finished);
    gate_prepare(&barrier);
    processors = processors_here();
#if !defined(_WIN32)
    /* The code of the threads must stay where it is, even if everyone who loaded the library lets go of it. */
    Dl_info here;
    if (dladdr((void *)&prepare, &here) == 0 || !dlopen(here.dli_fname, RTLD_NOW | RTLD_NODELETE)) return 1;
#endif
  }
  while (working < threads - 1) {
    struct worker *worker = NULL;
#if defined(_WIN32)
    worker = _aligned_malloc(sizeof *worker, 64);
    if (!worker) break;
#else
    if (posix_memalign((void **)&worker, 64, sizeof *worker) != 0) break;
#endif
    gate_prepare(&worker->start);
    worker->number = working + 1;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 2 << 20);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
#if !defined(_WIN32)
    /* Signals are for the threads of Node. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
#endif
    int failed = pthread_create(&worker->thread, &attributes, work, worker);
#if !defined(_WIN32)
    pthread_sigmask(SIG_SETMASK, &before, NULL);
#endif
    pthread_attr_destroy(&attributes);
    if (failed) {
#if defined(_WIN32)
      _aligned_free(worker);
#else
      free(worker);
#endif
      break;
    }
#if defined(__linux__)
    pthread_setname_np(worker->thread, "gradus");
#endif
    workers[++working] = worker;
  }
  return working + 1 < threads ? working + 1 : threads;
}

void gradus_pool_barrier(struct gradus_runtime *rt, long thread, long threads) {
  int round = atomic_load(&barrier.value);
  if (atomic_fetch_add(&arrived, 1) == threads - 1) {
    atomic_store(&arrived, 0);
    if (rt->thrown) rt->failed = 1;
    gate_open(&barrier);
  } else if (thread == 0) {
    caller_waits(&barrier, round);
  } else {
    gate_wait(&barrier, round, within);
  }
}

/* Units of work ------------------------------------------------------------------------------------------------------------- */

/*
 * What is handed out of each thread's part: the number of the work, and how many units of it. A thread goes on to later work only when it
 * has found all parts handed out: whoever sees the number of later work knows that of his own there is nothing left. So nothing has to be
 * set back, and nobody waits.
 */
static struct {
  _Alignas(64) atomic_int_least64_t given;
  /* The number of this thread's last work; all threads of a run count alike. */
  int64_t works;
} shares[GRADUS_MOST_THREADS];

enum { UNIT_BITS = 21 };

int64_t gradus_pool_units(struct gradus_runtime *rt, long thread) {
  (void)rt;
  return ++shares[thread].works;
}

long gradus_pool_next(struct gradus_runtime *rt, long thread, long threads, long count, int64_t work) {
  (void)rt;
  for (long i = 0; i < threads; i++) {
    long from, to, owner = (thread + i) % threads;
    gradus_part(count, 1, owner, threads, &from, &to);
    int_least64_t given = atomic_load_explicit(&shares[owner].given, memory_order_relaxed);
    for (;;) {
      int64_t of = given >> UNIT_BITS;
      long unit = from + (of == work ? (long)(given & ((1 << UNIT_BITS) - 1)) : 0);
      if (of > work || unit >= to) break;
      if (atomic_compare_exchange_weak(&shares[owner].given, &given, (work << UNIT_BITS) + unit + 1 - from)) return unit;
    }
  }
  return -1;
}

/* Runs a program on up to `threads` threads, the caller's being the first, and returns 0, or 1 where a host call has thrown. */
GRADUS_EXPORT int32_t gradus_execute(const struct run *run) {
  struct gradus_runtime *rt = run->rt;
  long threads = run->threads < GRADUS_MOST_THREADS ? run->threads : GRADUS_MOST_THREADS;
  /* A run within a host call of another leaves that one's state alone. */
  int32_t thrown = rt->thrown, failed = rt->failed;
  char *base = rt->base;
  rt->thrown = rt->failed = 0;
  rt->base = run->memory;
  if (threads <= 1 || atomic_flag_test_and_set(&taken)) {
    run->program(run->memory, 0, 1, rt);
  } else {
    threads = alone > 0 && threads <= processors ? 1 : prepare(threads);
    if (threads > 1) {
      /* With fewer processors than threads, whoever looks keeps the one from running that it waits for. */
      within = threads <= processors ? WITHIN_RUN_NANOSECONDS : 0;
      between = threads <= processors ? BETWEEN_RUNS_NANOSECONDS : 0;
      current = *run;
      current.threads = threads;
      for (long i = 1; i < threads; i++) shares[i].works = shares[0].works;
      atomic_store(&running, threads - 1);
      int round = atomic_load(&finished.value);
      timed = starved && threads <= processors;
      starved = 0;
      idled = 0;
      int64_t start = timed ? nanoseconds() : 0, had = timed ? processor_time() : 0;
      for (long i = 1; i < threads; i++) gate_open(&workers[i]->start);
      run->program(run->memory, 0, threads, rt);
      caller_waits(&finished, round);
      if (timed) {
        int64_t worked = processor_time() - had - idled;
        int worse = worked > 0 && nanoseconds() - start > 2 * threads * worked;
        if (worse) alone = rest;
        rest = !worse ? LEAST_ALONE : 2 * rest < MOST_ALONE ? 2 * rest : MOST_ALONE;
        starved = worse;
      }
    } else {
      if (alone > 0) alone--;
      run->program(run->memory, 0, 1, rt);
    }
    atomic_flag_clear(&taken);
  }
  int32_t result = rt->thrown;
  rt->thrown = thrown;
  rt->failed = failed;
  rt->base = base;
  return result;
}
