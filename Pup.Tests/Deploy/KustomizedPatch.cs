namespace Pup.Tests.Deploy;

/// <summary>A change to an object: named by <see cref="Target"/> for a list of operations, else by the patch itself.</summary>
public sealed class KustomizedPatch
{
    public string Patch { get; set; } = "";

    public KustomizedTarget? Target { get; set; }
}
