// Assertions that stay on in release builds: a broken invariant stops the process with file, line
// and expression, because limping on with wrong state is how data is lost.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace stele {

// Called with every failed check before the process aborts; the daemon adds its state (index, term,
// build) to the report here. Set once at start-up. May be null.
inline void (*check_failure_observer)(const char* report) = nullptr;

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* expression) {
  char report[512];
  std::snprintf(report, sizeof(report), "%s:%d: check failed: %s", file, line, expression);
  std::fprintf(stderr, "%s\n", report);
  if (check_failure_observer != nullptr) check_failure_observer(report);
  std::abort();
}

}  // namespace stele

#define STELE_CHECK(condition)                         \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::stele::CheckFailed(__FILE__, __LINE__, #condition))
#define STELE_CHECK_IMPLIES(premise, conclusion) STELE_CHECK(!(premise) || (conclusion))

// For checks whose cost grows with the data; on in tests and the simulator.
#ifdef STELE_SLOW_CHECKS
#define STELE_DCHECK_SLOW(condition) STELE_CHECK(condition)
#else
#define STELE_DCHECK_SLOW(condition) static_cast<void>(0)
#endif
