#include "tests/conformance/expansion.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace stele::conformance {
namespace {

// Fits into fields of 32 bits, and is no number that answers hold.
constexpr std::int64_t kFirstMarker = 4'123'456'700;

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// Takes the name at the front of `rest` away.
std::string TakeName(absl::string_view* rest) {
  std::size_t length = 0;
  while (length < rest->size() && IsNameCharacter((*rest)[length])) ++length;
  std::string name(rest->substr(0, length));
  rest->remove_prefix(length);
  return name;
}

// "+12" or "-1" at the front of `rest`; 0 if there is no such thing.
std::int64_t TakeOffset(absl::string_view* rest) {
  if (rest->size() < 2 || ((*rest)[0] != '+' && (*rest)[0] != '-')) return 0;
  std::size_t length = 1;
  while (length < rest->size() &&
         absl::ascii_isdigit(static_cast<unsigned char>((*rest)[length]))) {
    ++length;
  }
  std::int64_t offset = 0;
  if (!absl::SimpleAtoi(rest->substr(0, length), &offset)) return 0;
  rest->remove_prefix(length);
  return offset;
}

// Writes out every [[count|text]].
std::string Repeat(absl::string_view text) {
  std::string result;
  while (true) {
    const std::size_t open = text.find("[[");
    const std::size_t close = text.find("]]", open == absl::string_view::npos ? 0 : open);
    const std::size_t bar = text.find('|', open == absl::string_view::npos ? 0 : open);
    int count = 0;
    if (open == absl::string_view::npos || close == absl::string_view::npos || bar > close ||
        !absl::SimpleAtoi(text.substr(open + 2, bar - open - 2), &count)) {
      return absl::StrCat(result, text);
    }
    absl::StrAppend(&result, text.substr(0, open));
    const absl::string_view repeated = text.substr(bar + 1, close - bar - 1);
    const bool numbered = repeated.find('#') != absl::string_view::npos;
    for (int i = 0; i < count; ++i) {
      if (numbered) {
        result += absl::StrReplaceAll(repeated, {{"#", absl::StrCat(i)}});
      } else {
        absl::StrAppend(&result, repeated);
      }
    }
    text.remove_prefix(close + 2);
  }
}

class Expander {
 public:
  explicit Expander(const Bindings& bindings) : bindings_(bindings) {}

  void Run(absl::string_view rest) {
    while (!rest.empty()) {
      const char c = rest.front();
      rest.remove_prefix(1);
      if (quoted_) {
        Quoted(c, &rest);
      } else {
        Plain(c, &rest);
      }
    }
  }

  Expansion result;

 private:
  void Plain(char c, absl::string_view* rest) {
    if (c == '@') {
      absl::StrAppend(&result.text, bindings_.base + TakeOffset(rest));
    } else if (c == '$') {
      const std::string name = TakeName(rest);
      const auto known = bindings_.values.find(name);
      absl::StrAppend(&result.text, known != bindings_.values.end() && name != kAnything
                                        ? known->second
                                        : absl::StrCat(MarkerNumber(Mark(name))));
    } else {
      quoted_ = c == '"';
      result.text += c;
    }
  }

  void Quoted(char c, absl::string_view* rest) {
    if (c == '\\' && !rest->empty()) {
      absl::StrAppend(&result.text, absl::string_view(&c, 1), rest->substr(0, 1));
      rest->remove_prefix(1);
    } else if (c == '~' && !rest->empty() && rest->front() == '~') {
      rest->remove_prefix(1);
      absl::StrAppend(&result.text, absl::CEscape(EndOfPrefix(bindings_.prefix)));
    } else if (c == '~') {
      absl::StrAppend(&result.text, absl::CEscape(bindings_.prefix));
    } else if (c == '$' && !rest->empty() && IsNameCharacter(rest->front())) {
      const std::string name = TakeName(rest);
      const auto known = bindings_.values.find(name);
      if (known != bindings_.values.end() && name != kAnything) {
        absl::StrAppend(&result.text, absl::CEscape(known->second));
      } else {
        Mark(name);
        absl::StrAppend(&result.text, absl::CEscape(MarkerString(name)));
      }
    } else {
      quoted_ = c != '"';
      result.text += c;
    }
  }

  std::size_t Mark(const std::string& name) {
    const auto found = std::find(result.marked.begin(), result.marked.end(), name);
    if (found != result.marked.end()) {
      return static_cast<std::size_t>(found - result.marked.begin());
    }
    result.marked.push_back(name);
    return result.marked.size() - 1;
  }

  const Bindings& bindings_;
  bool quoted_ = false;
};

}  // namespace

std::int64_t MarkerNumber(std::size_t index) {
  return kFirstMarker + static_cast<std::int64_t>(index);
}

std::string MarkerString(absl::string_view name) { return absl::StrCat("\x01$", name, "\x01"); }

std::string EndOfPrefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

Expansion ExpandExpected(absl::string_view text, const Bindings& bindings) {
  Expander expander(bindings);
  expander.Run(Repeat(text));
  return std::move(expander.result);
}

absl::StatusOr<std::string> ExpandRequest(absl::string_view text, const Bindings& bindings) {
  Expansion expansion = ExpandExpected(text, bindings);
  if (!expansion.marked.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("$", expansion.marked[0], " has no value yet"));
  }
  return std::move(expansion.text);
}

}  // namespace stele::conformance
