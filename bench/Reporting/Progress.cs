namespace Pup.Bench.Reporting;

/// <summary>What happens meanwhile, on standard error: standard output carries the result alone.</summary>
internal sealed class Progress
{
    public void Say(string line) => Console.Error.WriteLine(line);
}
