/**
 * The system calls that every container may make, whatever its capabilities: those that act on what the caller has
 * already, or that the kernel checks by itself for the caller's user. One group a purpose, with the forms that 32-bit
 * programs and other architectures use; what an architecture has not, runtimes pass over.
 *
 * Left out on purpose, though no capability guards them: `keyctl`, `add_key` and `request_key` (keyrings are not in a
 * namespace), `io_uring_*` (a way round this filter and a long list of holes), `userfaultfd` (it stops the kernel at a
 * point of one's choice), `kexec_*`, `swapon`, `nfsservctl`, `uselib`, `_sysctl` and others that no container needs.
 */
const GROUPS = {
  'open and close files':
    'open openat openat2 creat close close_range dup dup2 dup3 fcntl fcntl64 flock name_to_handle_at memfd_create ' +
    'memfd_secret',
  'read and write':
    'read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek _llseek readahead fadvise64 ' +
    'fadvise64_64 sendfile sendfile64 copy_file_range splice tee vmsplice ioctl',
  'look at files':
    'stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx statfs statfs64 fstatfs fstatfs64 access ' +
    'faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd statmount listmount cachestat',
  'change files and folders':
    'truncate truncate64 ftruncate ftruncate64 fallocate mkdir mkdirat rmdir rename renameat renameat2 link linkat ' +
    'symlink symlinkat unlink unlinkat mknod mknodat chdir fchdir umask',
  'owners, modes and times':
    'chmod fchmod fchmodat fchmodat2 chown chown32 lchown lchown32 fchown fchown32 fchownat utime utimes futimesat ' +
    'utimensat utimensat_time64',
  'extended attributes':
    'getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr ' +
    'listxattrat removexattr lremovexattr fremovexattr removexattrat',
  'bring data to the disk': 'sync syncfs fsync fdatasync sync_file_range',
  'watch files': 'inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark',
  memory:
    'brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock munlockall mseal ' +
    'membarrier remap_file_pages pkey_alloc pkey_free pkey_mprotect map_shadow_stack process_mrelease',
  'make and end processes':
    'fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgid getpgrp setpgid ' +
    'getsid setsid prctl pidfd_open pidfd_send_signal restart_syscall set_tid_address uretprobe uprobe',
  threads:
    'futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue set_robust_list get_robust_list rseq ' +
    'set_thread_area get_thread_area getcpu',
  scheduling:
    'sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler ' +
    'sched_setscheduler sched_getattr sched_setattr sched_get_priority_max sched_get_priority_min ' +
    'sched_rr_get_interval sched_rr_get_interval_time64 getpriority setpriority ioprio_get ioprio_set',
  'users, groups and capabilities':
    'getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32 ' +
    'getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid ' +
    'setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32 capget capset',
  signals:
    'kill tkill tgkill sigaltstack signalfd signalfd4 sigprocmask sigreturn pause rt_sigaction rt_sigpending ' +
    'rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 ' +
    'rt_tgsigqueueinfo',
  'clocks and timers':
    'time gettimeofday times clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep ' +
    'clock_nanosleep_time64 nanosleep alarm getitimer setitimer timer_create timer_delete timer_getoverrun ' +
    'timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 ' +
    'timerfd_settime timerfd_settime64',
  // To read a clock's state: the kernel itself asks for CAP_SYS_TIME when one is to be set.
  'state of clocks': 'adjtimex clock_adjtime clock_adjtime64',
  'wait for events':
    'select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 epoll_create epoll_create1 epoll_ctl ' +
    'epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2',
  'asynchronous reads and writes':
    'io_setup io_submit io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64',
  pipes: 'pipe pipe2',
  // `socket` has rules of its own. `socketcall`, of 32-bit programs, has its arguments in memory, where no filter looks.
  sockets:
    'socketpair socketcall bind connect listen accept accept4 shutdown getsockname getpeername getsockopt setsockopt ' +
    'send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64',
  'System V and POSIX IPC':
    'ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget ' +
    'mq_open mq_unlink mq_notify mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64',
  'limits and usage': 'getrlimit setrlimit ugetrlimit prlimit64 getrusage sysinfo uname',
  random: 'getrandom',
  'confine oneself': 'seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self',
  'look at the processor': 'riscv_hwprobe',
} as const satisfies Record<string, string>;

/** All of them, sorted; each once. */
export const ORDINARY_SYSCALLS: readonly string[] = Object.values(GROUPS)
  .flatMap((names) => names.split(' '))
  .sort();
