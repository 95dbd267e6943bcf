#include "src/server/metrics.h"

#include <ctime>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "prometheus/metric_family.h"
#include "prometheus/text_serializer.h"
#include "src/server/api/maintenance.h"

namespace stele::server {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<prometheus::ClientMetric::Label>;

class Families {
 public:
  template <class Number>
  void Gauge(std::string name, std::string help, Number value, Labels labels = {}) {
    Add(MetricType::Gauge, std::move(name), std::move(help), static_cast<double>(value),
        std::move(labels));
  }
  template <class Number>
  void Counter(std::string name, std::string help, Number value) {
    Add(MetricType::Counter, std::move(name), std::move(help), static_cast<double>(value), {});
  }
  std::string Text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  void Add(MetricType type, std::string name, std::string help, double value, Labels labels) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    if (type == MetricType::Gauge) {
      metric.gauge.value = value;
    } else {
      metric.counter.value = value;
    }
    families_.push_back({std::move(name), std::move(help), type, {std::move(metric)}});
  }

  std::vector<MetricFamily> families_;
};

std::uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  statm >> pages >> resident;
  return resident * 4096;
}

double CpuSeconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void AddServer(const MetricValues& values, Families* families) {
  families->Gauge("etcd_server_has_leader", "Whether a leader is known.",
                  values.node.leader_id != 0 ? 1 : 0);
  families->Gauge("etcd_server_is_leader", "Whether this member leads.", values.is_leader ? 1 : 0);
  families->Gauge("etcd_server_is_learner", "Whether this member is a learner.",
                  values.node.is_learner ? 1 : 0);
  families->Counter("etcd_server_leader_changes_seen_total", "Leaders seen.",
                    values.leader_changes);
  families->Gauge("etcd_server_proposals_committed_total", "The commit index.",
                  values.commit_index);
  families->Gauge("etcd_server_proposals_applied_total", "The applied index.",
                  values.node.applied_index);
  families->Gauge("etcd_server_proposals_pending", "Proposals waiting for their result.",
                  values.proposals_pending);
  families->Counter("etcd_server_proposals_failed_total", "Proposals refused or timed out.",
                    values.proposals_failed);
  families->Gauge("etcd_server_quota_backend_bytes", "The quota.", values.quota_bytes);
  families->Gauge("etcd_server_version", "The etcd release whose API is served.", 1,
                  {{"server_version", kApiVersion}});
  families->Gauge("etcd_cluster_version", "The etcd release whose API the cluster serves.", 1,
                  {{"cluster_version", kClusterVersion}});
  families->Gauge("etcd_server_id", "This member.", 1,
                  {{"server_id", fmt::format("{:x}", values.node.member_id)}});
}

void AddStore(const MetricValues& values, Families* families) {
  families->Gauge("etcd_mvcc_db_total_size_in_bytes", "Bytes of the store on disk.",
                  values.node.bytes_on_disk);
  families->Gauge("etcd_mvcc_db_total_size_in_use_in_bytes", "Bytes of live data, estimated.",
                  values.node.bytes_in_use);
  families->Gauge("etcd_debugging_mvcc_current_revision", "The current revision.",
                  values.current_revision);
  families->Gauge("etcd_debugging_mvcc_compact_revision", "The compact revision.",
                  values.compact_revision);
  families->Gauge("etcd_debugging_mvcc_watcher_total", "Watchers.", values.watchers);
  families->Gauge("etcd_debugging_mvcc_slow_watcher_total", "Watchers that read history.",
                  values.slow_watchers);
  families->Gauge("etcd_debugging_mvcc_watch_stream_total", "Watch streams.", values.watch_streams);
}

void AddProcess(const MetricValues& values, Families* families) {
  families->Gauge("process_resident_memory_bytes", "Resident memory.", ResidentBytes());
  families->Counter("process_cpu_seconds_total", "User and system CPU time.", CpuSeconds());
  families->Gauge("stele_build_info", "This build.", 1, {{"version", STELE_VERSION}});
  families->Gauge("stele_client_connections", "Open client connections.",
                  values.client_connections);
}

}  // namespace

std::string MetricsText(const MetricValues& values) {
  Families families;
  AddServer(values, &families);
  AddStore(values, &families);
  AddProcess(values, &families);
  return families.Text();
}

}  // namespace stele::server
