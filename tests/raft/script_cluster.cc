#include "tests/raft/script_cluster.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "src/raft/check.h"
#include "src/raft/conf_change.h"
#include "src/raft/describe.h"

namespace stele::raft {
namespace {

std::string Text(std::uint64_t value) { return std::to_string(value); }

// Draws for node n are n - 1, so that election timeouts differ and nothing is left to chance.
RawNode::Random FixedRandom(NodeId id) {
  return [id](std::uint64_t bound) { return (id.value - 1) % bound; };
}

Mutation MutationNamed(const std::string& name) {
  if (name == "commit-old-term") return Mutation::kCommitOldTerm;
  STELE_CHECK(name.empty());
  return Mutation::kNone;
}

ConfState ConfStateOf(const Command& command) {
  ConfState conf;
  conf.voters = command.NodesOf("voters");
  conf.voters_outgoing = command.NodesOf("outgoing");
  conf.learners = command.NodesOf("learners");
  conf.learners_next = command.NodesOf("learners_next");
  conf.auto_leave = command.Has("auto_leave");
  return conf;
}

}  // namespace

std::uint64_t Command::Number(std::size_t word) const {
  STELE_CHECK(word < words.size());
  return std::stoull(words[word]);
}

std::uint64_t Command::NumberOr(const std::string& key, std::uint64_t fallback) const {
  const auto value = values.find(key);
  return value == values.end() ? fallback : std::stoull(value->second);
}

std::vector<NodeId> Command::NodesOf(const std::string& key) const {
  std::vector<NodeId> nodes;
  const auto value = values.find(key);
  if (value == values.end()) return nodes;
  std::stringstream list(value->second);
  for (std::string item; std::getline(list, item, ',');) {
    nodes.push_back(NodeId{std::stoull(item)});
  }
  return nodes;
}

bool Command::Has(std::string_view word) const {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Command ParseCommand(std::string_view line) {
  std::istringstream stream{std::string(line)};
  Command command;
  stream >> command.name;
  for (std::string word; stream >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      command.words.push_back(word);
    } else {
      command.values[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  return command;
}

std::string ScriptCluster::Run(std::string_view line) {
  const Command command = ParseCommand(line);
  static const std::set<std::string> kInputs = {"campaign", "tick",        "propose",
                                                "conf",     "read",        "transfer",
                                                "reported", "unreachable", "elect"};
  static const std::set<std::string> kNetwork = {"stabilize", "deliver", "drop", "keep",
                                                 "replay",    "isolate", "heal", "network"};
  static const std::set<std::string> kLife = {"cluster", "join",   "take",    "persist",
                                              "ready",   "crash",  "restart", "hold_apply",
                                              "apply",   "compact"};
  if (kInputs.contains(command.name)) return RunInput(command);
  if (kNetwork.contains(command.name)) return RunNetwork(command);
  if (kLife.contains(command.name)) return RunLife(command);
  return Show(command);
}

void ScriptCluster::On(NodeId node, const TraceEvent& event) {
  trace_ += Text(node.value) + ": " + Describe(event) + "\n";
}

TestNode& ScriptCluster::At(NodeId id) {
  const auto node = nodes_.find(id);
  STELE_CHECK(node != nodes_.end());
  return *node->second;
}

std::vector<NodeId> ScriptCluster::NodesOrAll(const Command& command) const {
  std::vector<NodeId> ids;
  for (const std::string& word : command.words) {
    if (word.find_first_not_of("0123456789") == std::string::npos) {
      ids.push_back(NodeId{std::stoull(word)});
    }
  }
  if (!ids.empty()) return ids;
  for (const auto& [id, node] : nodes_) ids.push_back(id);
  return ids;
}

// --- Life of the nodes -------------------------------------------------------------------------

void ScriptCluster::StartNode(NodeId id, const ConfState& conf_state) {
  Config config = config_;
  config.id = id;
  nodes_[id] = std::make_unique<TestNode>(config, conf_state, FixedRandom(id), this);
}

void ScriptCluster::StartCluster(const Command& command) {
  nodes_.clear();
  network_.clear();
  isolated_.clear();
  config_ = Config();
  config_.mutation = planted_;
  config_.election_timeout_ticks = static_cast<int>(command.NumberOr("election", 10));
  config_.append_bytes_max = command.NumberOr("append_bytes", config_.append_bytes_max);
  config_.inflight_appends_max = static_cast<int>(command.NumberOr("inflight", 256));
  config_.uncommitted_bytes_max = command.NumberOr("uncommitted", config_.uncommitted_bytes_max);
  config_.applying_bytes_max = command.NumberOr("applying", config_.applying_bytes_max);
  const auto mutation = command.values.find("mutation");
  if (mutation != command.values.end()) config_.mutation = MutationNamed(mutation->second);

  const ConfState conf = ConfStateOf(command);
  for (NodeId id : conf.voters) StartNode(id, conf);
  for (NodeId id : conf.learners) StartNode(id, conf);
  const NodeId leader{command.NumberOr("leader", 0)};
  if (leader != kNoNode) {
    At(leader).raw().Campaign();
    Run("stabilize");
  }
  trace_.clear();
}

std::string ScriptCluster::RunLife(const Command& command) {
  if (command.name == "cluster") {
    StartCluster(command);
    return "";
  }
  const NodeId id = command.Node(0);
  if (command.name == "join") {
    StartNode(id, ConfState());
    return "";
  }
  TestNode& node = At(id);
  std::vector<Message> sent;
  if (command.name == "crash") node.Crash();
  if (command.name == "restart") node.Restart();
  if (command.name == "hold_apply") node.HoldApply(true);
  if (command.name == "apply") node.HoldApply(false);
  if (command.name == "compact") node.log().Compact(Index{command.Number(1)});
  if (command.name == "take") node.Take(&sent);
  if (command.name == "persist") node.Persist(&sent);
  if (command.name == "ready") node.RunReady(&sent);
  Collect(std::move(sent));
  return "";
}

// --- Inputs ------------------------------------------------------------------------------------

std::string ScriptCluster::RunInput(const Command& command) {
  const NodeId id = command.Node(0);
  RawNode& raw = At(id).raw();
  if (command.name == "campaign") raw.Campaign();
  if (command.name == "elect") {
    const std::vector<NodeId> nodes = NodesOrAll(command);
    Elect(id, {nodes.begin(), nodes.end()});
  }
  if (command.name == "tick") {
    for (std::uint64_t i = 0; i < command.Number(1); ++i) raw.Tick();
  }
  if (command.name == "transfer") raw.TransferLeader(command.Node(1));
  if (command.name == "reported") raw.ReportSnapshot(command.Node(1), command.Has("installed"));
  if (command.name == "unreachable") raw.ReportUnreachable(command.Node(1));
  std::optional<ProposeResult> result;
  if (command.name == "propose") {
    result = raw.Propose(Payload(command.words.size() > 1 ? command.words[1] : ""));
  }
  if (command.name == "conf") result = raw.ProposeConfState(ConfStateOf(command));
  if (command.name == "read") result = raw.ReadIndex(command.Number(1));
  if (!result.has_value() || *result == ProposeResult::kAccepted) return "";
  return Text(id.value) + ": " + Describe(*result) + "\n";
}

// --- Network -----------------------------------------------------------------------------------

bool ScriptCluster::IsCut(const Message& message) const {
  return isolated_.contains(message.from) || isolated_.contains(message.to);
}

void ScriptCluster::Collect(std::vector<Message> sent) {
  for (Message& message : sent) {
    if (!IsCut(message)) network_.push_back(std::move(message));
  }
}

void ScriptCluster::Deliver(Message message, std::string* shown) {
  if (shown != nullptr) *shown += Describe(message) + "\n";
  const auto node = nodes_.find(message.to);
  if (node == nodes_.end() || !node->second->IsUp()) return;
  node->second->raw().Step(std::move(message));
}

bool ScriptCluster::DeliverFirst(const std::set<NodeId>& nodes, std::string* shown) {
  const auto travels = [&nodes](const Message& message) {
    return nodes.contains(message.from) && nodes.contains(message.to);
  };
  const auto found = std::find_if(network_.begin(), network_.end(), travels);
  if (found == network_.end()) return false;
  Message message = std::move(*found);
  network_.erase(found);
  Deliver(std::move(message), shown);
  return true;
}

// Until nothing moves between these nodes any more. Bounded, because a script must end.
void ScriptCluster::Stabilize(const std::set<NodeId>& nodes, std::string* shown) {
  for (int steps = 0;; ++steps) {
    STELE_CHECK(steps < 10'000);
    bool moved = false;
    for (NodeId id : nodes) {
      TestNode& node = At(id);
      if (!node.IsUp() || !node.raw().HasReady()) continue;
      std::vector<Message> sent;
      node.RunReady(&sent);
      Collect(std::move(sent));
      moved = true;
    }
    // All messages that are under way now, then the disks again.
    for (std::size_t count = network_.size(); count > 0; --count) {
      if (DeliverFirst(nodes, shown)) moved = true;
    }
    if (!moved) return;
  }
}

// Lets `id` win with the votes of `nodes`; nothing but votes travels.
void ScriptCluster::Elect(NodeId id, const std::set<NodeId>& nodes) {
  const auto is_vote = [&nodes](const Message& message) {
    return nodes.contains(message.from) && nodes.contains(message.to) &&
           (std::holds_alternative<RequestVote>(message.body) ||
            std::holds_alternative<VoteResponse>(message.body));
  };
  for (int rounds = 0; rounds < 20 && !At(id).raw().IsLeader(); ++rounds) {
    // Refused once because of an older term, it asks again.
    if (At(id).raw().GetStatus().role == Role::kFollower) At(id).raw().Campaign();
    for (NodeId node : nodes) {
      std::vector<Message> sent;
      if (At(node).raw().HasReady() && !At(id).raw().IsLeader()) At(node).RunReady(&sent);
      Collect(std::move(sent));
    }
    for (std::size_t count = network_.size(); count > 0; --count) {
      const auto found = std::find_if(network_.begin(), network_.end(), is_vote);
      if (found == network_.end()) break;
      Message message = std::move(*found);
      network_.erase(found);
      Deliver(std::move(message), nullptr);
    }
  }
}

std::deque<Message>::iterator ScriptCluster::FindOnLink(const Command& command) {
  const std::string& link = command.words.at(0);
  const std::size_t arrow = link.find("->");
  STELE_CHECK(arrow != std::string::npos);
  const NodeId from{std::stoull(link.substr(0, arrow))};
  const NodeId to{std::stoull(link.substr(arrow + 2))};
  return std::find_if(network_.begin(), network_.end(), [from, to](const Message& message) {
    return message.from == from && message.to == to;
  });
}

std::string ScriptCluster::RunNetwork(const Command& command) {
  std::string shown;
  if (command.name == "stabilize") {
    const std::vector<NodeId> ids = NodesOrAll(command);
    Stabilize({ids.begin(), ids.end()}, command.Has("shown") ? &shown : nullptr);
    return shown;
  }
  if (command.name == "isolate") {
    isolated_.insert(command.Node(0));
    std::erase_if(network_, [this](const Message& message) { return IsCut(message); });
    return "";
  }
  if (command.name == "heal") {
    isolated_.clear();
    return "";
  }
  if (command.name == "network") {
    for (const Message& message : network_) shown += Describe(message) + "\n";
    return shown.empty() ? "nothing under way\n" : shown;
  }
  if (command.name == "replay") {
    Deliver(kept_.at(command.words.at(0)), &shown);
    return shown;
  }
  // deliver, drop and keep act on the oldest message of a link.
  const auto found = FindOnLink(command);
  if (found == network_.end()) return "nothing on this link\n";
  Message message = *found;
  if (command.name == "keep") {
    kept_.insert_or_assign(command.words.at(1), std::move(message));
    return "";
  }
  network_.erase(found);
  if (command.name == "deliver") Deliver(std::move(message), &shown);
  return shown;
}

// --- Output ------------------------------------------------------------------------------------

std::string ScriptCluster::Show(const Command& command) {
  if (command.name == "state") return ShowState(NodesOrAll(command));
  if (command.name == "trace") return std::exchange(trace_, {});
  if (command.name == "log") return ShowLog(command.Node(0));
  if (command.name == "progress") return ShowProgress(command.Node(0));
  if (command.name == "reads") return ShowReads(command.Node(0));
  if (command.name == "config") {
    return Text(command.Number(0)) + ": " +
           Describe(At(command.Node(0)).raw().GetStatus().conf_state) + "\n";
  }
  if (command.name == "applied") {
    std::string text = Text(command.Number(0)) + ":";
    for (const Entry& entry : At(command.Node(0)).applied()) text += " " + Describe(entry);
    return text + "\n";
  }
  return "unknown command " + command.name + "\n";
}

std::string ScriptCluster::ShowState(const std::vector<NodeId>& nodes) {
  std::string text;
  for (NodeId id : nodes) {
    const TestNode& node = At(id);
    text += Text(id.value) + ": ";
    if (!node.IsUp()) {
      text += "down\n";
      continue;
    }
    const Status status = node.raw().GetStatus();
    text += Describe(status.role) + " term=" + Text(status.hard_state.term.value) +
            " vote=" + Text(status.hard_state.vote.value) + " leader=" + Text(status.leader.value) +
            " last=" + Text(status.last_index.value) +
            " commit=" + Text(status.hard_state.commit.value) +
            " applied=" + Text(status.applied_index.value) + "\n";
  }
  return text;
}

std::string ScriptCluster::ShowLog(NodeId id) {
  const MemoryLog& log = At(id).log();
  std::string text = Text(id.value) + ": from " + Text(log.first_index().value) + ":";
  for (const Entry& entry : log.entries()) text += " " + Describe(entry);
  return text + "\n";
}

std::string ScriptCluster::ShowProgress(NodeId id) {
  std::string text;
  for (const Status::Peer& peer : At(id).raw().GetStatus().peers) {
    if (peer.id == id) continue;
    text += Text(peer.id.value) + ": " + Describe(peer.progress) +
            " match=" + Text(peer.match_index.value) + " next=" + Text(peer.next_index.value) +
            (peer.is_learner ? " learner" : "") + (peer.recently_active ? "" : " silent") + "\n";
  }
  return text;
}

std::string ScriptCluster::ShowReads(NodeId id) {
  std::string text;
  for (const ReadState& read : At(id).TakeReadStates()) {
    text += Text(id.value) + ": " + Describe(read) + "\n";
  }
  return text;
}

}  // namespace stele::raft
