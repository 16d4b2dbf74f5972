namespace Pup.Tests.Deploy;

/// <summary>The kind and name of an object.</summary>
public sealed class KustomizedTarget
{
    public string Kind { get; set; } = "";

    public string Name { get; set; } = "";
}
