namespace Pup.Tests.Deploy;

/// <summary>As much of kustomize's format as is in use here.</summary>
public sealed class Kustomization
{
    public string? ApiVersion { get; set; }

    public string? Kind { get; set; }

    public IList<string> Resources { get; set; } = [];

    public IList<KustomizedLabels> Labels { get; set; } = [];

    public IList<KustomizedImage> Images { get; set; } = [];

    public IList<KustomizedPatch> Patches { get; set; } = [];
}
