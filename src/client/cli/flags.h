// Command line flags with the syntax of etcd's command line: `--name value`, `--name=value`,
// `-n value`, `-nvalue`, `-n=value`; a boolean takes a value only behind `=`; flags and arguments
// may be mixed; everything behind `--` is an argument.
//
// Written by hand because arguments here are keys and values, arbitrary bytes that must arrive
// unchanged. The library in Debian 12 takes `[a,b]` apart and reads `{}` as an empty list.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace stele::cli {

struct Flag {
  std::string name;
  char shorthand = '\0';
  bool is_bool = false;
  std::string default_text;
  std::string description;
  std::function<absl::Status(const std::string&)> set;  // InvalidArgument says what is wrong
  bool given = false;
};

class FlagSet {
 public:
  // The targets must outlive the set; their values at this moment are the defaults.
  void Add(const std::string& name, bool* target, const std::string& description);
  void Add(const std::string& name, int64_t* target, const std::string& description);
  void Add(const std::string& name, std::string* target, const std::string& description);
  void Add(const std::string& name, absl::Duration* target, const std::string& description);
  void Add(const std::string& name, std::vector<std::string>* target,
           const std::string& description);
  // Gives the flag added last a one-letter form.
  void Shorthand(char letter) { flags_.back().shorthand = letter; }

  // Sets the targets and answers the arguments. The message of an error is one line for the user.
  absl::StatusOr<std::vector<std::string>> Parse(const std::vector<std::string>& words);

  // The words up to the `--` that are neither flags nor their values, as indices into `words`.
  // Unknown flags are taken to have no value.
  std::vector<size_t> ArgumentPositions(const std::vector<std::string>& words) const;

  // Sets a flag from elsewhere than the command line, unless it was given there.
  absl::Status SetDefault(const std::string& name, const std::string& value);

  const std::vector<Flag>& flags() const { return flags_; }

  // How many of the arguments that were parsed last stood before a `--`; none without one.
  std::optional<size_t> arguments_before_dash() const { return arguments_before_dash_; }

 private:
  Flag* Find(const std::string& name);
  const Flag* Find(const std::string& name) const;
  const Flag* FindShorthand(char letter) const;
  absl::Status ParseLong(const std::vector<std::string>& words, size_t& at);
  absl::Status ParseShort(const std::vector<std::string>& words, size_t& at);
  // Whether the word names a flag whose value is the next word.
  bool TakesNextWord(const std::string& word) const;

  std::vector<Flag> flags_;
  std::optional<size_t> arguments_before_dash_;
};

}  // namespace stele::cli
