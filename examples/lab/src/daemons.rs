//! Daemons that networks are made of, each with all its files in its host's folder.

use std::path::Path;

use crate::{Host, LabError, Process};

impl Host {
    /// Starts keepalived, or a `program` that takes its command line, with a configuration; `name`
    /// stands for it in messages.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn spawn_keepalived(
        &self,
        name: &str,
        program: impl AsRef<Path>,
        configuration: &str,
    ) -> Result<Process, LabError> {
        let configuration = self.write("keepalived.conf", configuration)?;
        let pid_file = |daemon| self.folder().join(format!("{name}-{daemon}.pid"));
        let (main, vrrp, checkers) = (pid_file("main"), pid_file("vrrp"), pid_file("checkers"));
        let options = [Path::new("--dont-fork"), Path::new("--log-console")];
        let files: [[&Path; 2]; 4] = [
            [Path::new("--use-file"), &configuration],
            [Path::new("--pid"), &main],
            [Path::new("--vrrp_pid"), &vrrp],
            [Path::new("--checkers_pid"), &checkers],
        ];
        let arguments = [&options, files.as_flattened()].concat();
        self.spawn(name, program.as_ref(), arguments)
    }

    /// Starts a web server; `server` is what stands between the braces of nginx's `server {}`.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn spawn_nginx(&self, server: &str) -> Result<Process, LabError> {
        let folder = self.folder().display();
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr;\n\
             events {{}}\n\
             http {{\n\
             \taccess_log off;\n\
             \tclient_body_temp_path {folder}/body;\n\tproxy_temp_path {folder}/proxy;\n\
             \tfastcgi_temp_path {folder}/fastcgi;\n\tuwsgi_temp_path {folder}/uwsgi;\n\
             \tscgi_temp_path {folder}/scgi;\n\
             \tserver {{ {server} }}\n\
             }}\n"
        );
        let file = self.write("nginx.conf", &configuration)?;
        self.spawn("nginx", "/usr/sbin/nginx", [Path::new("-c"), &file])
    }
}
