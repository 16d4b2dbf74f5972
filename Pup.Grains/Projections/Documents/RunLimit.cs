namespace Pup.Grains.Projections.Documents;

/// <summary>
/// How many documents are held in memory at once. Their sizes are known only once they are loaded, so the limit starts low and
/// doubles while runs are small.
/// </summary>
internal sealed class RunLimit
{
    private const int First = 64;
    private const int Most = 1 << 20;

    /// <summary>JSON bytes, read and written, that one run should not exceed.</summary>
    public const long Budget = 32L << 20;

    public int Documents { get; private set; } = First;

    public void Ran(int documents, long bytes)
    {
        if (bytes > Budget)
            Documents = (int)Math.Max(1, documents * Budget / bytes);
        else if (bytes < Budget / 4 && documents >= Documents)
            Documents = Math.Min(Most, Documents * 2);
    }
}
