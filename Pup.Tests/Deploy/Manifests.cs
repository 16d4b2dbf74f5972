using k8s;
using k8s.Models;
using Pup.Tests.Docs;

namespace Pup.Tests.Deploy;

/// <summary>The objects of deploy/kubernetes. A key that its kind does not know is an error.</summary>
internal static class Manifests
{
    private const string Base = "deploy/kubernetes/base";

    public const string KustomizationFile = "kustomization.yaml";

    public static IReadOnlyList<string> Folders { get; } =
        [.. Repository.Files(KustomizationFile).Select(static file => Path.GetDirectoryName(file)!).Where(static folder => folder.StartsWith("deploy/kubernetes/", StringComparison.Ordinal))];

    public static IReadOnlyList<IKubernetesObject<V1ObjectMeta>> OfBase { get; } =
        [.. FilesOf(Base).SelectMany(static file => KubernetesYaml.LoadAllFromString(Repository.Read(file), strict: true)).Cast<IKubernetesObject<V1ObjectMeta>>()];

    public static T The<T>() => OfBase.OfType<T>().Single();

    public static IEnumerable<string> FilesOf(string folder) =>
        Repository.Files("*.yaml").Where(file => Path.GetDirectoryName(file) == folder && Path.GetFileName(file) != KustomizationFile);

    public static Kustomization KustomizationOf(string folder) =>
        KubernetesYaml.Deserialize<Kustomization>(Repository.Read(Path.Combine(folder, KustomizationFile)), strict: true);
}
