// A cluster that obeys scripts (script_test.cc): time passes, disks write and messages travel only
// when a line says so. Everything it prints is state or messages.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/raft/test_node.h"

namespace stele::raft {

// One line of a script: a word, then words and name=value pairs.
struct Command {
  std::string name;
  std::vector<std::string> words;             // without name=value pairs
  std::map<std::string, std::string> values;  // of the pairs

  std::uint64_t Number(std::size_t word) const;
  NodeId Node(std::size_t word) const { return NodeId{Number(word)}; }
  std::uint64_t NumberOr(const std::string& key, std::uint64_t fallback) const;
  std::vector<NodeId> NodesOf(const std::string& key) const;
  bool Has(std::string_view word) const;
};

Command ParseCommand(std::string_view line);

class ScriptCluster final : public TraceSink {
 public:
  // Runs one line; returns what it prints.
  std::string Run(std::string_view line);
  // Every cluster from here on has this bug, unless its line names another.
  void Plant(Mutation mutation) { planted_ = mutation; }

  void On(NodeId node, const TraceEvent& event) override;

 private:
  struct Link {
    NodeId from;
    NodeId to;
  };

  TestNode& At(NodeId id);
  std::vector<NodeId> NodesOrAll(const Command& command) const;
  void StartCluster(const Command& command);
  void StartNode(NodeId id, const ConfState& conf_state);
  void Stabilize(const std::set<NodeId>& nodes, std::string* shown);
  void Elect(NodeId id, const std::set<NodeId>& nodes);
  bool DeliverFirst(const std::set<NodeId>& nodes, std::string* shown);
  void Collect(std::vector<Message> sent);
  void Deliver(Message message, std::string* shown);
  std::deque<Message>::iterator FindOnLink(const Command& command);
  bool IsCut(const Message& message) const;

  std::string RunInput(const Command& command);
  std::string RunNetwork(const Command& command);
  std::string RunLife(const Command& command);
  std::string Show(const Command& command);
  std::string ShowState(const std::vector<NodeId>& nodes);
  std::string ShowLog(NodeId id);
  std::string ShowProgress(NodeId id);
  std::string ShowReads(NodeId id);

  Mutation planted_ = Mutation::kNone;
  Config config_;
  std::map<NodeId, std::unique_ptr<TestNode>> nodes_;
  std::deque<Message> network_;          // sent and not delivered, in order of sending
  std::map<std::string, Message> kept_;  // copies under a name
  std::set<NodeId> isolated_;
  std::string trace_;
};

}  // namespace stele::raft
