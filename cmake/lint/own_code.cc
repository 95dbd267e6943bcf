// A clang-tidy plugin: all checks look at our own declarations only. Version 14 walks every
// declaration of every system header once for each check and then drops what it found there, which
// is most of the time a file takes.
#include <clang-tidy/ClangTidyCheck.h>
#include <clang-tidy/ClangTidyModule.h>
#include <clang-tidy/ClangTidyModuleRegistry.h>
#include <clang/AST/ASTContext.h>
#include <clang/ASTMatchers/ASTMatchFinder.h>

#include <vector>

namespace {

// The root of the tree is matched before its children are visited, and the visit asks for the scope
// only then.
class OwnCodeOnly : public clang::tidy::ClangTidyCheck {
 public:
  using ClangTidyCheck::ClangTidyCheck;

  void registerMatchers(clang::ast_matchers::MatchFinder* finder) override {
    finder->addMatcher(clang::ast_matchers::translationUnitDecl().bind("unit"), this);
  }

  void check(const clang::ast_matchers::MatchFinder::MatchResult& result) override {
    std::vector<clang::Decl*> own;
    for (clang::Decl* declaration :
         result.Nodes.getNodeAs<clang::TranslationUnitDecl>("unit")->decls()) {
      const clang::SourceLocation at =
          result.SourceManager->getExpansionLoc(declaration->getLocation());
      if (at.isValid() && !result.SourceManager->isInSystemHeader(at)) own.push_back(declaration);
    }
    // An empty scope would mean everything, and so would one that is the root alone.
    if (!own.empty()) result.Context->setTraversalScope(own);
  }
};

class SteleModule : public clang::tidy::ClangTidyModule {
 public:
  void addCheckFactories(clang::tidy::ClangTidyCheckFactories& factories) override {
    factories.registerCheck<OwnCodeOnly>("stele-own-code-only");
  }
};

}  // namespace

static clang::tidy::ClangTidyModuleRegistry::Add<SteleModule> const kAdd(
    "stele-module", "Narrows what the other checks look at.");
