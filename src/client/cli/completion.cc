#include "src/client/cli/completion.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace stele::cli {
namespace {

// The words that may follow each path that is not a whole command; "" holds the first ones.
std::map<std::string, std::set<std::string>> NextWords(
    const std::vector<CompletionEntry>& commands) {
  std::map<std::string, std::set<std::string>> next;
  for (const CompletionEntry& command : commands) {
    std::string path;
    for (const absl::string_view word : absl::StrSplit(command.path, ' ')) {
      next[path].insert(std::string(word));
      absl::StrAppend(&path, path.empty() ? "" : " ", word);
    }
  }
  return next;
}

// The branches of a shell's `case` that set `next_words` and `flags` for each path.
std::string Cases(const std::vector<CompletionEntry>& commands,
                  const std::vector<std::string>& global) {
  std::string text;
  for (const auto& [path, words] : NextWords(commands)) {
    absl::StrAppend(&text, "    '", path, "') next_words='", absl::StrJoin(words, " "),
                    "'; flags='", absl::StrJoin(global, " "), "' ;;\n");
  }
  for (const CompletionEntry& command : commands) {
    std::vector<std::string> flags = command.flags;
    flags.insert(flags.end(), global.begin(), global.end());
    absl::StrAppend(&text, "    '", command.path, "') next_words=''; flags='",
                    absl::StrJoin(flags, " "), "' ;;\n");
  }
  return text;
}

// The flags whose value is the next word: it is no command's name.
std::string ValueFlags(const std::vector<CompletionEntry>& commands,
                       const std::vector<std::string>& global) {
  std::set<std::string> names;
  const auto add = [&names](const std::vector<std::string>& flags) {
    for (const std::string& flag : flags) {
      if (flag.back() == '=') names.insert(flag.substr(0, flag.size() - 1));
    }
  };
  add(global);
  for (const CompletionEntry& command : commands) add(command.flags);
  return absl::StrCat(absl::StrJoin(names, "|"), "|-w|-d");
}

std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "\\'"}}), "'");
}

}  // namespace

std::string BashCompletion(const std::vector<CompletionEntry>& commands,
                           const std::vector<std::string>& global) {
  return absl::StrCat(
      "# bash completion of stele. Load it with: source <(stele completion bash)\n"
      "_stele_words() {\n"
      "  case \"$1\" in\n",
      Cases(commands, global),
      "    *) return 1 ;;\n"
      "  esac\n"
      "}\n"
      "\n"
      "_stele() {\n"
      "  local next_words='' flags='' path='' i word current=${COMP_WORDS[COMP_CWORD]}\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=${COMP_WORDS[i]}\n"
      "    case \"$word\" in\n"
      "      --) return ;;\n"
      "      ",
      ValueFlags(commands, global),
      ") ((i++)) ;;\n"
      "      -*) ;;\n"
      "      *) _stele_words \"${path:+$path }$word\" && path=\"${path:+$path }$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  _stele_words \"$path\"\n"
      "  if [[ $current == -* ]]; then next_words=$flags; fi\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$next_words\" -- \"$current\")\n"
      "  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi\n"
      "}\n"
      "\n"
      "complete -F _stele stele\n");
}

std::string ZshCompletion(const std::vector<CompletionEntry>& commands,
                          const std::vector<std::string>& global) {
  return absl::StrCat(
      "#compdef stele\n"
      "# zsh completion of stele. Put it into a directory of $fpath as _stele, or load it with:\n"
      "#   source <(stele completion zsh)\n"
      "_stele_words() {\n"
      "  case \"$1\" in\n",
      Cases(commands, global),
      "    *) return 1 ;;\n"
      "  esac\n"
      "}\n"
      "\n"
      "_stele() {\n"
      "  local next_words='' flags='' path_so_far='' word i current=$words[CURRENT]\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    word=$words[i]\n"
      "    case \"$word\" in\n"
      "      --) return ;;\n"
      "      ",
      ValueFlags(commands, global),
      ") ((i++)) ;;\n"
      "      -*) ;;\n"
      "      *) _stele_words \"${path_so_far:+$path_so_far }$word\" && "
      "path_so_far=\"${path_so_far:+$path_so_far }$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  _stele_words \"$path_so_far\"\n"
      "  if [[ $current == -* ]]; then\n"
      "    compadd -S '' -- ${(M)${=flags}:#*=}\n"
      "    compadd -- ${${=flags}:#*=}\n"
      "  else\n"
      "    compadd -- ${=next_words}\n"
      "  fi\n"
      "}\n"
      "\n"
      "compdef _stele stele\n");
}

std::string FishCompletion(const std::vector<CompletionEntry>& commands,
                           const std::vector<std::string>& global) {
  std::string text =
      "# fish completion of stele. Load it with: stele completion fish | source\n"
      "function __stele_words\n"
      "  set -l all (commandline -opc)\n"
      "  set -e all[1]\n"
      "  set -l skip no\n"
      "  for word in $all\n"
      "    if test $skip = yes\n"
      "      set skip no\n"
      "      continue\n"
      "    end\n"
      "    switch $word\n"
      "      case " +
      absl::StrReplaceAll(ValueFlags(commands, global), {{"|", " "}}) +
      "\n"
      "        set skip yes\n"
      "      case '-*'\n"
      "      case '*'\n"
      "        echo $word\n"
      "    end\n"
      "  end\n"
      "end\n"
      "\n"
      "function __stele_path_is\n"
      "  test (string join ' ' -- (__stele_words)) = $argv[1]\n"
      "end\n"
      "\n"
      "function __stele_path_starts_with\n"
      "  string match -q -- \"$argv[1] *\" (string join ' ' -- (__stele_words))' '\n"
      "end\n"
      "\n"
      "complete -c stele -f\n";
  const auto flag_lines = [&text](const std::string& condition,
                                  const std::vector<std::string>& flags) {
    for (const std::string& flag : flags) {
      const bool has_value = flag.back() == '=';
      absl::StrAppend(&text, "complete -c stele", condition, " -l ",
                      flag.substr(2, flag.size() - (has_value ? 3 : 2)), has_value ? " -r" : "",
                      "\n");
    }
  };
  flag_lines("", global);
  std::map<std::string, std::string> summaries;
  for (const CompletionEntry& command : commands) summaries[command.path] = command.summary;
  for (const auto& [path, words] : NextWords(commands)) {
    for (const std::string& word : words) {
      const std::string whole = path.empty() ? word : absl::StrCat(path, " ", word);
      absl::StrAppend(&text, "complete -c stele -n \"__stele_path_is '", path, "'\" -a ", word);
      if (summaries.contains(whole)) absl::StrAppend(&text, " -d ", Quoted(summaries[whole]));
      text += "\n";
    }
  }
  for (const CompletionEntry& command : commands) {
    flag_lines(absl::StrCat(" -n \"__stele_path_starts_with '", command.path, "'\""),
               command.flags);
  }
  return text;
}

}  // namespace stele::cli
