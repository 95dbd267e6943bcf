#include "tests/conformance/program_shrink.h"

#include <memory>
#include <utility>
#include <vector>

#include "proto/rpc.pb.h"
#include "tests/conformance/shrink_list.h"

namespace stele::conformance {
namespace {

using etcdserverpb::TxnRequest;
using google::protobuf::FieldDescriptor;

// `txn` without element `part` of one of its lists.
std::shared_ptr<TxnRequest> WithoutPart(const TxnRequest& txn, const FieldDescriptor* field,
                                        int part) {
  auto smaller = std::make_shared<TxnRequest>(txn);
  const google::protobuf::Reflection* reflection = smaller->GetReflection();
  for (int i = part; i + 1 < reflection->FieldSize(*smaller, field); ++i) {
    reflection->SwapElements(smaller.get(), field, i, i + 1);
  }
  reflection->RemoveLast(smaller.get(), field);
  return smaller;
}

// Leaves out one comparison or operation of the outermost transaction, if one can be spared.
bool TakePartOfTxn(Program* program, std::size_t index, const DiffersFn& differs, int* attempts) {
  const auto txn = std::dynamic_pointer_cast<const TxnRequest>(program->operations[index].request);
  if (txn == nullptr) return false;
  for (int number = 1; number <= TxnRequest::kFailureFieldNumber; ++number) {
    const FieldDescriptor* field = TxnRequest::descriptor()->FindFieldByNumber(number);
    for (int part = 0; part < txn->GetReflection()->FieldSize(*txn, field); ++part) {
      Program candidate = *program;
      candidate.operations[index].request = WithoutPart(*txn, field, part);
      if (--*attempts < 0) return false;
      if (!differs(candidate)) continue;
      *program = std::move(candidate);
      return true;
    }
  }
  return false;
}

}  // namespace

Program ShrinkProgram(Program program, const DiffersFn& differs, int attempts) {
  const std::uint64_t seed = program.seed;
  const std::function<bool(const std::vector<Operation>&)> list_differs =
      [&differs, seed](const std::vector<Operation>& operations) {
        return differs({.seed = seed, .operations = operations});
      };
  program.operations = ShrinkList(std::move(program.operations), list_differs, &attempts);
  for (std::size_t i = 0; i < program.operations.size(); ++i) {
    while (TakePartOfTxn(&program, i, differs, &attempts)) {
    }
  }
  return program;
}

}  // namespace stele::conformance
