#include "tests/history/describe.h"

#include <cstddef>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace stele::history {
namespace {

constexpr std::size_t kWindowLines = 20;

// Long values say no more than their beginning.
std::string Shorten(const std::string& value) {
  constexpr std::size_t kShown = 16;
  return value.size() <= kShown ? value : value.substr(0, kShown) + "~";
}

std::string Describe(const Step& step) {
  std::string text;
  switch (step.kind) {
    case Step::Kind::kPut:
      text =
          absl::StrCat("put ", step.key, "=", step.ignore_value ? "(kept)" : Shorten(step.value));
      break;
    case Step::Kind::kDelete:
      text = absl::StrCat("delete ", step.key);
      break;
    case Step::Kind::kRange:
      text = absl::StrCat("range ", step.key);
      break;
    case Step::Kind::kTxn:
      text = "(";
      for (const Step& each : step.nested->success) absl::StrAppend(&text, Describe(each), " ");
      absl::StrAppend(&text, "else");
      for (const Step& each : step.nested->failure) absl::StrAppend(&text, " ", Describe(each));
      absl::StrAppend(&text, ")");
      break;
  }
  const bool unbounded = step.range_end.size() == 1 && step.range_end[0] == '\0';
  if (!step.range_end.empty()) {
    absl::StrAppend(&text, "..", unbounded ? "(end)" : step.range_end);
  }
  if (step.limit != 0) absl::StrAppend(&text, " limit ", step.limit);
  if (step.lease != 0) absl::StrAppend(&text, " lease ", step.lease);
  if (step.revision != 0) absl::StrAppend(&text, " at ", step.revision);
  return text;
}

std::string_view NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAcknowledged:
      return "acknowledged";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kUnknown:
      return "unknown";
  }
  return "?";
}

bool Writes(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    if (step.kind != Step::Kind::kRange) return true;
  }
  return false;
}

}  // namespace

std::string Describe(const KeyVersion& kv) {
  std::string text = absl::StrCat(kv.key, "=", Shorten(kv.value), " create ", kv.create_revision,
                                  " mod ", kv.mod_revision, " version ", kv.version);
  if (kv.lease != 0) absl::StrAppend(&text, " lease ", kv.lease);
  return text;
}

std::string Describe(const EventRecord& event) {
  return absl::StrCat(event.deletes ? "delete " : "put ", Describe(event.kv));
}

std::string Describe(const Operation& operation) {
  std::string text =
      std::string(NameOf(operation.outcome)) + (operation.serializable ? " serializable" : "");
  for (const Step& step : operation.success) absl::StrAppend(&text, " ", Describe(step));
  if (!operation.failure.empty()) absl::StrAppend(&text, " else");
  for (const Step& step : operation.failure) absl::StrAppend(&text, " ", Describe(step));
  absl::StrAppend(&text, " on member ", operation.member, ", from ", operation.start, " to ",
                  operation.end);
  if (operation.revision != 0) absl::StrAppend(&text, ", revision ", operation.revision);
  return text;
}

std::string Describe(const RevisionRecord& record) {
  std::string text = absl::StrCat(record.revision, ":");
  for (const Change& change : record.changes) {
    absl::StrAppend(&text, change.deletes ? " -" : " ", change.key);
    if (!change.deletes) absl::StrAppend(&text, "=", Shorten(change.value));
    if (change.lease != 0) absl::StrAppend(&text, " lease ", change.lease);
  }
  if (record.time != 0) absl::StrAppend(&text, "  (at ", record.time, ")");
  return text;
}

std::string Window(const History& history, std::int64_t revision) {
  std::string text;
  std::size_t lines = 0;
  for (const RevisionRecord& record : history.revisions) {
    if (record.revision < revision - 4 || record.revision > revision + 3) continue;
    absl::StrAppend(&text, "    ", Describe(record), "\n");
    ++lines;
  }
  for (const Operation& operation : history.operations) {
    const bool near = operation.revision >= revision - 3 && operation.revision <= revision + 2;
    const bool writes = Writes(operation.success) || Writes(operation.failure);
    if (!near || (!writes && operation.revision != revision)) continue;
    if (++lines > kWindowLines) break;
    absl::StrAppend(&text, "    ", Describe(operation), "\n");
  }
  return text;
}

}  // namespace stele::history
