#include "src/client/cli/txn_text.h"

#include <algorithm>
#include <istream>
#include <ostream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/flags.h"
#include "src/client/cli/go_text.h"
#include "src/client/cli/kv_requests.h"

namespace stele::cli {
namespace {

using etcdserverpb::Compare;
using etcdserverpb::RequestOp;

constexpr char kBlanks[] = " \t";

absl::Status InvalidInput(const std::string& message) {
  return Failure(kExitInvalidInput, message);
}

// The parts of `target("key") op "value"`, as far as they could be read.
struct ComparisonParts {
  std::string target;
  std::string key;
  std::string op;
  std::string value;
  bool complete = false;
};

ComparisonParts SplitComparison(const std::string& line, size_t parenthesis) {
  ComparisonParts parts;
  parts.target = line.substr(0, parenthesis);
  std::string rest = line.substr(parenthesis + 1);
  auto key = Unquote(rest);
  if (!key.ok()) return parts;
  parts.key = key->first;
  rest.erase(0, key->second);
  if (rest.size() < 2 || rest[0] != ')' ||
      !absl::ascii_isspace(static_cast<unsigned char>(rest[1]))) {
    return parts;
  }
  rest.erase(0, rest.find_first_not_of(kBlanks, 1));
  const size_t op_end = std::min(rest.find_first_of(kBlanks), rest.size());
  parts.op = rest.substr(0, op_end);
  rest.erase(0, std::min(rest.find_first_not_of(kBlanks, op_end), rest.size()));
  auto value = Unquote(rest);
  if (!value.ok()) return parts;
  parts.value = value->first;
  parts.complete = true;
  return parts;
}

// Sets what is compared and with what; NotFound for an unknown target, InvalidArgument for a value
// that is no number where one is needed.
absl::Status SetTarget(const ComparisonParts& parts, Compare& compare) {
  const std::string& target = parts.target;
  if (target == "val" || target == "value") {
    compare.set_target(Compare::VALUE);
    compare.set_value(parts.value);
    return absl::OkStatus();
  }
  const bool is_lease = target == "lease";
  const auto number = ParseInt(parts.value, is_lease ? 16 : 10);
  if (target == "ver" || target == "version") {
    compare.set_target(Compare::VERSION);
    compare.set_version(number.value_or(0));
  } else if (target == "c" || target == "create") {
    compare.set_target(Compare::CREATE);
    compare.set_create_revision(number.value_or(0));
  } else if (target == "m" || target == "mod") {
    compare.set_target(Compare::MOD);
    compare.set_mod_revision(number.value_or(0));
  } else if (is_lease) {
    compare.set_target(Compare::LEASE);
    compare.set_lease(number.value_or(0));
  } else {
    return absl::NotFoundError("unknown target");
  }
  return number.status();
}

bool SetResult(const std::string& op, Compare& compare) {
  if (op == "=") {
    compare.set_result(Compare::EQUAL);
  } else if (op == "!=") {
    compare.set_result(Compare::NOT_EQUAL);
  } else if (op == ">") {
    compare.set_result(Compare::GREATER);
  } else if (op == "<") {
    compare.set_result(Compare::LESS);
  } else {
    return false;
  }
  return true;
}

// Flags that a request inside a txn does not know make the whole line invalid.
template <typename Flags>
absl::StatusOr<Arguments> ParseFlags(const std::string& line, std::vector<std::string> words,
                                     Flags& flags) {
  FlagSet set;
  flags.Register(set);
  words.erase(words.begin());
  auto arguments = set.Parse(words);
  if (!arguments.ok()) return InvalidInput(absl::StrCat("invalid txn request: ", line));
  return arguments;
}

// One line without its blanks; an input that ends too early is an error.
absl::StatusOr<std::string> ReadLine(std::istream& input) {
  std::string line;
  if (!std::getline(input, line) || input.eof()) return InvalidInput("EOF");
  return std::string(absl::StripAsciiWhitespace(line));
}

template <typename Item, typename Parse>
absl::Status ReadPart(std::istream& input, std::ostream* prompts, const char* prompt, Parse parse,
                      google::protobuf::RepeatedPtrField<Item>& items) {
  if (prompts != nullptr) *prompts << prompt << std::endl;
  while (true) {
    auto line = ReadLine(input);
    if (!line.ok()) return line.status();
    if (line->empty()) return absl::OkStatus();
    auto item = parse(*line);
    if (!item.ok()) return item.status();
    *items.Add() = *std::move(item);
  }
}

}  // namespace

std::vector<std::string> SplitWords(const std::string& line) {
  std::vector<std::string> words;
  size_t at = 0;
  while ((at = line.find_first_not_of(kBlanks, at)) != std::string::npos) {
    size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    std::string word = line.substr(at, end - at);
    if (line[at] == '\'') {
      const size_t closing = line.find('\'', at + 1);
      if (closing != std::string::npos) {
        word = line.substr(at + 1, closing - at - 1);
        end = closing + 1;
      }
    } else if (line[at] == '"') {
      auto quoted = Unquote(line.substr(at));
      if (quoted.ok()) {
        word = quoted->first;
        end = at + quoted->second;
      }
    }
    words.push_back(word);
    at = end;
  }
  return words;
}

absl::StatusOr<Compare> ParseCompare(const std::string& line) {
  const std::string malformed = absl::StrCat("malformed comparison: ", line);
  const size_t parenthesis = line.find('(');
  if (parenthesis == std::string::npos) return InvalidInput(malformed);
  const ComparisonParts parts = SplitComparison(line, parenthesis);
  if (!parts.complete) {
    return InvalidInput(absl::StrCat(malformed, "; got ", parts.target, "(", Quote(parts.key), ") ",
                                     parts.op, " ", Quote(parts.value)));
  }
  Compare compare;
  compare.set_key(parts.key);
  const absl::Status target = SetTarget(parts, compare);
  if (absl::IsNotFound(target)) {
    return InvalidInput(absl::StrCat(malformed, " (unknown target ", parts.target, ")"));
  }
  if (!SetResult(parts.op, compare)) {
    return InvalidInput(absl::StrCat(malformed, " (unknown operator ", parts.op, ")"));
  }
  if (!target.ok()) return InvalidInput(absl::StrCat("invalid txn compare request: ", line));
  return compare;
}

absl::StatusOr<RequestOp> ParseRequest(const std::string& line) {
  const std::vector<std::string> words = SplitWords(line);
  if (words.size() < 2) return InvalidInput(absl::StrCat("invalid txn compare request: ", line));
  const std::string& command = words[0];
  RequestOp operation;
  if (command == "get") {
    GetFlags flags;
    auto arguments = ParseFlags(line, words, flags);
    if (!arguments.ok()) return arguments.status();
    auto request = BuildRange(flags, *arguments);
    if (!request.ok()) return request.status();
    *operation.mutable_request_range() = *std::move(request);
    return operation;
  }
  if (command == "put") {
    PutFlags flags;
    auto arguments = ParseFlags(line, words, flags);
    if (!arguments.ok()) return arguments.status();
    auto request = BuildPut(flags, *arguments, [] { return std::string(); });
    if (!request.ok()) return request.status();
    *operation.mutable_request_put() = *std::move(request);
    return operation;
  }
  if (command == "del") {
    DeleteFlags flags;
    auto arguments = ParseFlags(line, words, flags);
    if (!arguments.ok()) return arguments.status();
    auto request = BuildDelete(flags, *arguments);
    if (!request.ok()) return request.status();
    *operation.mutable_request_delete_range() = *std::move(request);
    return operation;
  }
  return InvalidInput(absl::StrCat("invalid txn request: ", line));
}

absl::StatusOr<etcdserverpb::TxnRequest> ReadTxn(std::istream& input, std::ostream* prompts) {
  etcdserverpb::TxnRequest txn;
  absl::Status part = ReadPart(input, prompts, "compares:", ParseCompare, *txn.mutable_compare());
  if (!part.ok()) return part;
  part = ReadPart(input, prompts, "success requests (get, put, del):", ParseRequest,
                  *txn.mutable_success());
  if (!part.ok()) return part;
  part = ReadPart(input, prompts, "failure requests (get, put, del):", ParseRequest,
                  *txn.mutable_failure());
  if (!part.ok()) return part;
  return txn;
}

}  // namespace stele::cli
