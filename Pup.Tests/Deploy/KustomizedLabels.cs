namespace Pup.Tests.Deploy;

/// <summary>Labels that every object gets.</summary>
public sealed class KustomizedLabels
{
    public Dictionary<string, string> Pairs { get; set; } = [];
}
