namespace Pup.Tests.Deploy;

/// <summary>The image that stands for a name.</summary>
public sealed class KustomizedImage
{
    public string? Name { get; set; }

    public string? NewTag { get; set; }
}
