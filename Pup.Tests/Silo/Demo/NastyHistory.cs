namespace Pup.Tests.Silo.Demo;

/// <summary>A history with everything that a path or a commit can do.</summary>
internal static class NastyHistory
{
    public static GitRepository Create()
    {
        var git = GitRepository.Create();
        git.Commit("main", "ann", "README=hello\nworld\n", "src/a.cs=1\n2\n3\n", "\"with space/b c.txt\"=x\n", "\"tab\\tnewline\\nquote\\\"back\\\\slash\"=x\n");
        git.Commit("main", "bob", "\"caf\\351/latin1.txt\"=x\n", "\"caf\\303\\251/utf8.txt\"=x\n", "\"%E9 percent\"=x\n", "\"\\xe9\"=x\n", "日本/語.txt=x\n");
        git.Commit("main", "ann"); // Changes nothing.
        git.Commit("main", "bob", "src/a.cs=1\n2\nthree\n", "empty=");
        git.Commit("main", "ann", "D README", "R src/a.cs src/renamed.cs");
        git.Commit("main", "ann", "README=again\n", GitRepository.Executable("src/renamed.cs", "1\n2\nthree\n"));
        git.Commit("main", "bob", GitRepository.Link("link", "README"), GitRepository.Submodule("vendor/lib", '1'), "binary=a\0b");
        git.Branch("side", "main");
        git.Commit("side", "cay", "side/only.txt=x\n", "src/renamed.cs=side\n", "D empty");
        git.Commit("side", "cay", "side/gone.txt=x\n");
        git.Commit("side", "cay", "D side/gone.txt");
        git.Commit("main", "ann", "main/only.txt=x\n", GitRepository.Submodule("vendor/lib", '2'));
        // A merge as git writes it: the first parent's tree with what the side branch did.
        git.Merge("main", "ann", "side", "side/only.txt=x\n", "src/renamed.cs=merged\n", "D empty");
        git.Commit("main", "bob", "D link", "link=a file now\n", "D vendor/lib", "vendor/lib/inside.txt=a directory now\n", "binary=c\0d");
        git.Commit("main", "bob", $"{new string('d', 200)}/{new string('e', 200)}=deep\n", $"long/{string.Join('/', Enumerable.Repeat(new string('f', 200), 12))}=too long for an index\n");
        git.Commit("main", "bob", "D main/only.txt");
        git.Commit("main", "ann", "commit 1=x\n", "\":100644 1 2 3 A\"=x\n", "\"1\\t2\\tx\"=x\n", "\"\\ncommit x\"=x\n");
        return git;
    }
}
